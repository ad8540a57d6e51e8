package main

func writeTriples(string) error { return nil }
