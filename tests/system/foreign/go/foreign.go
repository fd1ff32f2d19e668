// A producer that knows nothing of this platform: the CloudEvents SDK for Go over HTTP.
//
//	foreign send WORK.json      (see tests/system/foreign_clients.py)
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

type work struct {
	URL   string           `json:"url"`
	Key   string           `json:"key"`
	Story []map[string]any `json:"story"`
	Own   map[string]any   `json:"own"`
}

func event(told map[string]any, id string, asBytes bool) cloudevents.Event {
	event := cloudevents.NewEvent()
	event.SetID(id)
	event.SetSource(told["source"].(string))
	event.SetType(told["type"].(string))
	at, err := time.Parse(time.RFC3339Nano, told["time"].(string))
	check(err)
	event.SetTime(at)
	for name, value := range told {
		switch name {
		case "specversion", "id", "source", "type", "time", "data":
		case "recordedtime":
			at, err := time.Parse(time.RFC3339Nano, value.(string))
			check(err)
			event.SetExtension(name, at)
		default:
			if number, ok := value.(float64); ok {
				event.SetExtension(name, int32(number))
			} else {
				event.SetExtension(name, value)
			}
		}
	}
	raw, err := json.Marshal(told["data"])
	check(err)
	check(event.SetData(cloudevents.ApplicationJSON, json.RawMessage(raw)))
	if asBytes { // structured mode then carries data_base64
		event.DataBase64 = true
	}
	return event
}

func main() {
	raw, err := os.ReadFile(os.Args[2])
	check(err)
	var given work
	check(json.Unmarshal(raw, &given))
	client, err := cloudevents.NewClientHTTP(
		cloudevents.WithTarget(given.URL),
		cehttp.WithHeader("Authorization", "Bearer "+given.Key),
	)
	check(err)
	for mode, choose := range map[string]func(context.Context) context.Context{
		"structured": binding.WithForceStructured, "binary": binding.WithForceBinary,
	} {
		events := []cloudevents.Event{event(given.Own, "go-http-"+mode, false)}
		if mode == "structured" {
			events = append(events, event(given.Own, "go-http-base64", true))
		}
		for _, told := range given.Story {
			events = append(events, event(told, told["id"].(string), false))
		}
		for _, each := range events {
			result := client.Send(choose(context.Background()), each)
			if !cloudevents.IsACK(result) {
				log.Fatalf("%s %s: %v", mode, each.ID(), result)
			}
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
