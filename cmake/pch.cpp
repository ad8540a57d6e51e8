// The home of the precompiled header; it needs one source file.
