package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

type Celsius float64

func (c *Celsius) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal([]byte(strings.Trim(string(b), "\"C")), &f); err != nil {
		return err
	}
	*c = Celsius(f)
	return nil
}

type Day struct {
	Name string
	Temp Celsius
	Past []Celsius
}

type Color struct{ Space string }
type RGB struct{ R, G, B uint8 }
type YCbCr struct{ Y, Cb uint8 }

func into(text string, v any) error { return json.Unmarshal([]byte(text), v) }

func next(d *json.Decoder, v any) error { return d.Decode(v) }

func main() {
	// %% a pointer in an interface
	var day Day
	fmt.Println(into(`{"Name":"Mo","Temp":"3.5C","Past":["1C",2]}`, &day), day)
	fmt.Println(into(`{"Name":7}`, &day), day)
	fmt.Println(into(`{`, &day))
	var list []int
	fmt.Println(into(`[1,2]`, &list), list)

	// %% chosen when it runs
	for _, space := range []string{"RGB", "YCbCr"} {
		var dst any
		switch space {
		case "RGB":
			dst = new(RGB)
		case "YCbCr":
			dst = new(YCbCr)
		}
		err := json.Unmarshal([]byte(`{"R":98,"G":218,"Y":255,"Cb":10}`), dst)
		fmt.Printf("%T %v %v\n", dst, dst, err)
	}

	// %% an interface that holds a pointer
	var held any = &day
	fmt.Println(json.Unmarshal([]byte(`{"Name":"Tu"}`), &held), day.Name)
	held = RGB{1, 2, 3}
	fmt.Println(json.Unmarshal([]byte(`{"R":9}`), &held), held)

	// %% from a decoder
	d := json.NewDecoder(strings.NewReader(`{"Name":"We","Temp":"-1C"} {"R":5} {"X":1}`))
	d.DisallowUnknownFields()
	var rgb RGB
	fmt.Println(next(d, &day), day, next(d, &rgb), rgb)
	fmt.Println(next(d, &rgb))
	fmt.Println(json.Unmarshal([]byte("1"), nil), json.Unmarshal([]byte("1"), (*RGB)(nil)))
}

func init() {
	var target *json.InvalidUnmarshalError
	err := json.Unmarshal([]byte("1"), RGB{})
	fmt.Println(err, errors.As(err, &target), json.NewDecoder(strings.NewReader("1")).Decode(RGB{}))
	fmt.Printf("%T\n", err)
}

func init() {
	err := json.Unmarshal([]byte(`{"Past":"x","Name":[1]}`), new(Day))
	if e, ok := err.(*json.UnmarshalTypeError); ok {
		fmt.Println(e.Field, e.Struct, e.Value, e.Type, e)
	}
	err = json.Unmarshal([]byte(`{"Name":[1]}`), new([]Day))
	switch e := err.(type) {
	case *json.UnmarshalTypeError:
		fmt.Println(e.Field, e.Struct, e.Value, e.Type, e)
	default:
		fmt.Println("not found", e)
	}
}
