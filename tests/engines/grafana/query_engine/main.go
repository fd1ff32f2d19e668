// Command query_engine answers queries the way the ClickHouse data source of Grafana does: it is built of the
// libraries that data source is made of (its SQL data source, its frames, ClickHouse's own Go client), at versions that
// a go.mod of it names. Its own thin part, macros and types, is written here after its sources: its module is not served.
//
// The first line of the input is a data source as file provisioning gives it ({"jsonData": …, "secureJsonData": …});
// every further line is the body of a POST /api/ds/query. Each is answered by one line, the body of that answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/sqlds/v5"
)

const longestLine = 64 << 20

type provisioned struct {
	UID            string            `json:"uid"`
	Name           string            `json:"name"`
	Type           string            `json:"type"`
	JSONData       json.RawMessage   `json:"jsonData"`
	SecureJSONData map[string]string `json:"secureJsonData"`
}

type asked struct {
	From    string            `json:"from"`
	To      string            `json:"to"`
	Queries []json.RawMessage `json:"queries"`
}

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	if !lines.Scan() {
		return fmt.Errorf("the first line is a data source")
	}
	source, err := open(ctx, lines.Bytes())
	if err != nil {
		return err
	}
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		answer, err := answer(ctx, source, lines.Bytes())
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func open(ctx context.Context, line []byte) (backend.QueryDataHandler, error) {
	var given provisioned
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	settings := backend.DataSourceInstanceSettings{
		UID:                     given.UID,
		Name:                    given.Name,
		Type:                    given.Type,
		JSONData:                given.JSONData,
		DecryptedSecureJSONData: given.SecureJSONData,
	}
	source, err := sqlds.NewDatasource(clickHouse{}).NewDatasource(ctx, settings)
	if err != nil {
		return nil, err
	}
	return source.(backend.QueryDataHandler), nil
}

// answer runs all queries of a request, each over its own copy of the request's range, as Grafana's server hands them
// to a data source.
func answer(ctx context.Context, source backend.QueryDataHandler, line []byte) (*backend.QueryDataResponse, error) {
	var given asked
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	from, err := instant(given.From)
	if err != nil {
		return nil, err
	}
	to, err := instant(given.To)
	if err != nil {
		return nil, err
	}
	request := &backend.QueryDataRequest{}
	for _, raw := range given.Queries {
		var model struct {
			RefID         string  `json:"refId"`
			QueryType     string  `json:"queryType"`
			IntervalMS    float64 `json:"intervalMs"`
			MaxDataPoints int64   `json:"maxDataPoints"`
		}
		if err := json.Unmarshal(raw, &model); err != nil {
			return nil, err
		}
		request.Queries = append(request.Queries, backend.DataQuery{
			RefID:         model.RefID,
			QueryType:     model.QueryType,
			MaxDataPoints: model.MaxDataPoints,
			Interval:      time.Duration(model.IntervalMS * float64(time.Millisecond)),
			TimeRange:     backend.TimeRange{From: from, To: to},
			JSON:          raw,
		})
	}
	return source.QueryData(ctx, request)
}

func instant(milliseconds string) (time.Time, error) {
	number, err := strconv.ParseInt(milliseconds, 10, 64)
	return time.UnixMilli(number).UTC(), err
}
