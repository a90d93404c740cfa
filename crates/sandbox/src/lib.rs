//! wasmtime: engine, pool, compile cache, limits, and one invocation.
