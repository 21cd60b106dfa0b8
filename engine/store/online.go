package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// online is how long the hub may take to say anything.
const online = 3 * time.Second

// Online asks whether the hub can be reached, by any answer of it, and says so within
// three seconds. The error names the hub and why.
func Online(ctx context.Context) error {
	endpoint, err := hubEndpoint()
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, online)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, endpoint.String(), nil)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		return resp.Body.Close()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in %v", online)
	}
	return fmt.Errorf("store: offline: %s cannot be reached (%w); models that are here work without a network (loupe models)", endpoint.Host, err)
}
