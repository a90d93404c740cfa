;; Begins with 1 GiB of memory, more than a sandbox has; a deployment refuses it. It would answer `{}`.
(component
  (core module $guest
    (memory (export "memory") 16384)
    ;; The answer: no error, a document of 5 bytes at 32.
    (data (i32.const 16) "\00\00\00\00\20\00\00\00\05\00\00\00")
    (data (i32.const 32) "\05\00\00\00\00")
    (func (export "call") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $guest (instantiate $guest))

  (type $error (record (field "code" string) (field "message" string)))
  (type $call (func (param "name" string) (param "arguments" (list u8)) (result (result (list u8) (error $error)))))
  (alias core export $guest "memory" (core memory $memory))
  (alias core export $guest "cabi_realloc" (core func $realloc))
  (func $call (type $call)
    (canon lift (core func $guest "call") (memory $memory) (realloc $realloc)))

  (component $handler
    (type $error (record (field "code" string) (field "message" string)))
    (import "import-error" (type $named (eq $error)))
    (import "import-call" (func $call
      (param "name" string) (param "arguments" (list u8)) (result (result (list u8) (error $named)))))
    (export $exported "error" (type $named))
    (export "call" (func $call)
      (func (param "name" string) (param "arguments" (list u8)) (result (result (list u8) (error $exported))))))
  (instance $handler (instantiate $handler
    (with "import-error" (type $error))
    (with "import-call" (func $call))))
  (export "usher:function/handler@0.1.0" (instance $handler)))
