package model

import "math"

// Ministral 3 (Mistral AI, 2025) is llama with YaRN, and with queries that grow with
// the logarithm of their position, so that attention stays as sharp over more cells
// (Nakanishi, 2025): by 1 + AttnTemp log(1 + floor(position/RopeOrigContext)).
// Mistral's models before it are llama.
func configMistral3(k *keys, arch string, c *Config) {
	c.AttnTemp = k.maybe(arch + "attention.temperature_scale")
	if m := k.maybe(arch + "rope.scaling.yarn_log_multiplier"); m != 0 && c.RopeScale < 1 {
		c.YarnAttn /= 1 + 0.1*m*math.Log(1/c.RopeScale)
	}
}
