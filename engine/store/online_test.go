package store

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Any answer of the hub is one; none is said at once, with its name.
func TestOnline(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Setenv("HF_ENDPOINT", srv.URL)
	if err := Online(context.Background()); err != nil {
		t.Error(err)
	}
	host := srv.Listener.Addr().String()
	srv.Close()
	wants(t, Online(context.Background()), "offline: "+host+" cannot be reached")
	t.Setenv("HF_ENDPOINT", "http://hub.example")
	wants(t, Online(context.Background()), "HF_ENDPOINT")
}
