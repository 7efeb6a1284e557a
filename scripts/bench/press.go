package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// callRepeatedly has clients make a call as often as they can for the time of window, each at least once. It returns the latencies
// and the total time. The first response of each client is checked for its number of structs.
func (d *daemon) callRepeatedly(ctx context.Context, window time.Duration, clients, structs int, method string,
	params ...string) (took []time.Duration, elapsed time.Duration, err error) {
	all := make([]*client, clients)
	for i := range all {
		c, err := d.dial(ctx, method, params...)
		if err != nil {
			return nil, 0, err
		}
		defer c.conn.Close()
		all[i] = c
	}
	// An interrupt aborts the calls in progress.
	defer context.AfterFunc(ctx, func() {
		for _, c := range all {
			c.conn.Close()
		}
	})()
	times, errs := make([][]time.Duration, clients), make([]error, clients)
	var running sync.WaitGroup
	from := time.Now()
	for i, c := range all {
		running.Go(func() { times[i], errs[i] = c.repeat(from.Add(window), structs) })
	}
	running.Wait()
	elapsed = time.Since(from)
	return slices.Concat(times...), elapsed, errors.Join(errs...)
}

// repeat calls until the given time and returns the latencies.
func (c *client) repeat(until time.Time, structs int) ([]time.Duration, error) {
	var took []time.Duration
	for from := time.Now(); len(took) == 0 || from.Before(until); {
		body, err := c.call()
		if err != nil {
			return took, err
		}
		if len(took) == 0 {
			if n := bytes.Count(body, []byte("<struct>")); n != structs {
				return took, fmt.Errorf("%d structs in the response, not %d", n, structs)
			}
		}
		to := time.Now()
		took = append(took, to.Sub(from))
		from = to
	}
	return took, nil
}

// percentile returns the smallest value that p percent of the values do not exceed; 0 without values.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
