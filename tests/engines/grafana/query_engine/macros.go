package main

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/grafana/sqlds/v5"
)

// macros of the ClickHouse data source, after the table in its documentation; those that write a whole statement are
// left out, no board uses one. Around them stand the SQL data source's own ($__interval, $__table, …).
var macros = sqlds.Macros{
	"fromTime":        bare(func(q *sqlutil.Query) string { return second(q.TimeRange.From) }),
	"toTime":          bare(func(q *sqlutil.Query) string { return second(q.TimeRange.To) }),
	"fromTime_ms":     bare(func(q *sqlutil.Query) string { return millisecond(q.TimeRange.From) }),
	"toTime_ms":       bare(func(q *sqlutil.Query) string { return millisecond(q.TimeRange.To) }),
	"interval_s":      bare(func(q *sqlutil.Query) string { return fmt.Sprint(atLeastOne(q.Interval, time.Second)) }),
	"timeFilter":      column(func(q *sqlutil.Query, c string) string { return within(c, q, second) }),
	"timeFilter_ms":   column(func(q *sqlutil.Query, c string) string { return within(c, q, millisecond) }),
	"dateFilter":      column(func(q *sqlutil.Query, c string) string { return within(c, q, date) }),
	"timeFrom":        column(func(q *sqlutil.Query, c string) string { return c + " >= " + second(q.TimeRange.From) }),
	"timeTo":          column(func(q *sqlutil.Query, c string) string { return c + " <= " + second(q.TimeRange.To) }),
	"timeInterval":    column(interval("toDateTime(%s)", time.Second, "second")),
	"timeInterval_ms": column(interval("toDateTime64(%s, 3)", time.Millisecond, "millisecond")),
}

func second(at time.Time) string { return fmt.Sprintf("toDateTime(%d)", at.Unix()) }

func millisecond(at time.Time) string {
	return fmt.Sprintf("fromUnixTimestamp64Milli(%d)", at.UnixMilli())
}

func date(at time.Time) string { return at.Format("toDate('2006-01-02')") }

func within(column string, query *sqlutil.Query, literal func(time.Time) string) string {
	return fmt.Sprintf("%s >= %s AND %s <= %s", column, literal(query.TimeRange.From), column, literal(query.TimeRange.To))
}

func interval(of string, unit time.Duration, name string) func(*sqlutil.Query, string) string {
	return func(query *sqlutil.Query, column string) string {
		at := fmt.Sprintf(of, column)
		return fmt.Sprintf("toStartOfInterval(%s, INTERVAL %d %s)", at, atLeastOne(query.Interval, unit), name)
	}
}

func atLeastOne(interval, unit time.Duration) int64 { return max(1, int64(interval/unit)) }

func bare(text func(*sqlutil.Query) string) sqlds.MacroFunc {
	return func(query *sqlutil.Query, _ []string) (string, error) { return text(query), nil }
}

func column(text func(*sqlutil.Query, string) string) sqlds.MacroFunc {
	return func(query *sqlutil.Query, args []string) (string, error) {
		if len(args) != 1 {
			return "", fmt.Errorf("%w: one column, not %d", sqlutil.ErrorBadArgumentCount, len(args))
		}
		return text(query, args[0]), nil
	}
}
