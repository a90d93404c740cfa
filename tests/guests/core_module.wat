;; A core module, not a component: what `wasm32-unknown-unknown` would give.
(module
  (func (export "call") (result i32) (i32.const 1)))
