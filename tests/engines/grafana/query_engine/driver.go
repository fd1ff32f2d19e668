package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/grafana/sqlds/v5"
)

// clickHouse is what the SQL data source has to be told about ClickHouse: how to connect, which macros there are, what
// its types are in a frame. It has no state.
type clickHouse struct{}

// connection is the part of the data source's jsonData that decides a connection. A text where a number belongs, or
// the other way round, is refused here; the data source itself ends in a panic or takes the default in silence.
type connection struct {
	Host            string `json:"host"`
	Port            int    `json:"port"`
	Protocol        string `json:"protocol"`
	Username        string `json:"username"`
	Secure          bool   `json:"secure"`
	DefaultDatabase string `json:"defaultDatabase"`
	DialTimeout     string `json:"dialTimeout"`
	QueryTimeout    string `json:"queryTimeout"`
	ValidateSQL     bool   `json:"validateSql"`
}

func loaded(settings backend.DataSourceInstanceSettings) (connection, error) {
	var found connection
	return found, json.Unmarshal(settings.JSONData, &found)
}

func (clickHouse) Connect(ctx context.Context, settings backend.DataSourceInstanceSettings, _ json.RawMessage) (*sql.DB, error) {
	found, err := loaded(settings)
	if err != nil {
		return nil, err
	}
	options := &clickhouse.Options{
		Addr: []string{fmt.Sprintf("%s:%d", found.Host, found.Port)},
		Auth: clickhouse.Auth{
			Database: found.DefaultDatabase,
			Username: found.Username,
			Password: settings.DecryptedSecureJSONData["password"],
		},
		Protocol:    clickhouse.Native,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		DialTimeout: seconds(found.DialTimeout, 10*time.Second),
		ReadTimeout: seconds(found.QueryTimeout, time.Minute),
	}
	if found.Protocol == "http" {
		options.Protocol = clickhouse.HTTP
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionGZIP}
	}
	db := clickhouse.OpenDB(options)
	return db, db.PingContext(ctx)
}

func seconds(text string, otherwise time.Duration) time.Duration {
	found, err := time.ParseDuration(text + "s")
	if err != nil {
		return otherwise
	}
	return found
}

// Settings fills the gaps that a long series leaves in a wide one with null.
func (clickHouse) Settings(_ context.Context, settings backend.DataSourceInstanceSettings) sqlds.DriverSettings {
	found, _ := loaded(settings)
	return sqlds.DriverSettings{
		Timeout:  seconds(found.QueryTimeout, time.Minute),
		FillMode: &data.FillMissing{Mode: data.FillModeNull},
	}
}

func (clickHouse) Converters() []sqlutil.Converter { return converters() }

func (clickHouse) Macros() sqlds.Macros { return macros }

// MutateQuery lets columns without a zone be read in the zone that the reader's browser sends along.
func (clickHouse) MutateQuery(ctx context.Context, query backend.DataQuery) (context.Context, backend.DataQuery) {
	var model struct {
		Meta struct {
			Timezone string `json:"timezone"`
		} `json:"meta"`
	}
	if json.Unmarshal(query.JSON, &model) != nil || model.Meta.Timezone == "" {
		return ctx, query
	}
	zone, err := time.LoadLocation(model.Meta.Timezone)
	if err != nil {
		return ctx, query
	}
	return clickhouse.Context(ctx, clickhouse.WithUserLocation(zone)), query
}
