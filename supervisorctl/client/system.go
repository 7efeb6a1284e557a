package client

import "context"

// ListMethods returns the sorted names of all methods that the daemon offers. Source: system.listMethods.
func (c *Client) ListMethods(ctx context.Context) (names []string, err error) {
	err = c.Call(ctx, &names, "system.listMethods")
	return names, err
}

// MethodHelp returns the help text of a method. Source: system.methodHelp.
func (c *Client) MethodHelp(ctx context.Context, method string) (text string, err error) {
	err = c.Call(ctx, &text, "system.methodHelp", method)
	return text, err
}

// MethodSignature returns the type of a method's result, then those of its parameters. Source: system.methodSignature.
func (c *Client) MethodSignature(ctx context.Context, method string) (types []string, err error) {
	err = c.Call(ctx, &types, "system.methodSignature", method)
	return types, err
}

// Multicall makes several calls in one request, one after the other, and returns a Result for each. After a fault it goes on
// with the next call. Source: system.multicall.
func (c *Client) Multicall(ctx context.Context, calls []Call) ([]Result, error) {
	list := make([]any, len(calls))
	for i, call := range calls {
		params := call.Params
		if params == nil {
			params = []any{}
		}
		list[i] = map[string]any{"methodName": call.Method, "params": params}
	}
	var values []any
	if err := c.Call(ctx, &values, "system.multicall", list); err != nil {
		return nil, err
	}
	results := make([]Result, len(values))
	for i, v := range values {
		results[i].Value = v
		fields, _ := v.(map[string]any)
		if code, ok := fields["faultCode"].(int64); ok {
			text, _ := fields["faultString"].(string)
			results[i] = Result{Fault: &Fault{Code: int(code), Text: text}}
		}
	}
	return results, nil
}
