package main

import (
	"reflect"
	"regexp"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/shopspring/decimal"
)

// converters say what a ClickHouse type is in a frame. Arrays, tuples and maps, which the data source shows as JSON,
// are not among them: no panel of the boards has one, and a query that gives one fails here.
func converters() []sqlutil.Converter {
	var found []sqlutil.Converter
	found = append(found, both[string]("String", "String", data.FieldTypeString)...)
	found = append(found, both[string]("LowCardinality(String)", `LowCardinality\(String\)`, data.FieldTypeString)...)
	found = append(found, nullable[string]("LowCardinality(Nullable)", `LowCardinality\(Nullable\(String\)\)`, data.FieldTypeString))
	found = append(found, both[string]("Enum", `Enum(8|16)\(.*\)`, data.FieldTypeString)...)
	found = append(found, both[bool]("Bool", "Bool", data.FieldTypeBool)...)
	found = append(found, both[uint8]("UInt8", "UInt8", data.FieldTypeUint8)...)
	found = append(found, both[uint16]("UInt16", "UInt16", data.FieldTypeUint16)...)
	found = append(found, both[uint32]("UInt32", "UInt32", data.FieldTypeUint32)...)
	found = append(found, both[uint64]("UInt64", "UInt64", data.FieldTypeUint64)...)
	found = append(found, both[int8]("Int8", "Int8", data.FieldTypeInt8)...)
	found = append(found, both[int16]("Int16", "Int16", data.FieldTypeInt16)...)
	found = append(found, both[int32]("Int32", "Int32", data.FieldTypeInt32)...)
	found = append(found, both[int64]("Int64", "Int64", data.FieldTypeInt64)...)
	found = append(found, both[float32]("Float32", "Float32", data.FieldTypeFloat32)...)
	found = append(found, both[float64]("Float64", "Float64", data.FieldTypeFloat64)...)
	found = append(found, both[time.Time]("Date", `Date(32|Time|Time64)?(\(.*\))?`, data.FieldTypeTime)...)
	return append(found, decimals()...)
}

func both[T any](name, pattern string, field data.FieldType) []sqlutil.Converter {
	return []sqlutil.Converter{
		converter[T](name, pattern, field),
		nullable[T]("Nullable("+name+")", `Nullable\(`+pattern+`\)`, field),
	}
}

func nullable[T any](name, pattern string, field data.FieldType) sqlutil.Converter {
	return converter[*T](name, pattern, field.NullableType())
}

// converter scans a value of type T and puts it into a frame as it is.
func converter[T any](name, pattern string, field data.FieldType) sqlutil.Converter {
	return converted(name, pattern, field, func(value T) any { return value })
}

// decimals are numbers on a panel, not texts.
func decimals() []sqlutil.Converter {
	return []sqlutil.Converter{
		converted("Decimal", `Decimal.*`, data.FieldTypeFloat64, func(value decimal.Decimal) any {
			return value.InexactFloat64()
		}),
		converted("Nullable(Decimal)", `Nullable\(Decimal.*\)`, data.FieldTypeNullableFloat64, func(value *decimal.Decimal) any {
			if value == nil {
				return (*float64)(nil)
			}
			number := value.InexactFloat64()
			return &number
		}),
	}
}

func converted[T any](name, pattern string, field data.FieldType, frame func(T) any) sqlutil.Converter {
	return sqlutil.Converter{
		Name:           name,
		InputScanType:  reflect.TypeFor[*T](),
		InputTypeName:  name,
		InputTypeRegex: regexp.MustCompile("^" + pattern + "$"),
		FrameConverter: sqlutil.FrameConverter{
			FieldType:     field,
			ConverterFunc: func(in any) (any, error) { return frame(*in.(*T)), nil },
		},
	}
}
