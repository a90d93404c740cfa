//! The WIT package as Rust: generated, with the host's own types for its resources.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "generated code; the WIT package documents it")]

wasmtime::component::bindgen!({
    path: "../contract/wit",
    world: "function",
    with: {
        "usher:function/documents.collection": crate::state::OpenCollection,
        "usher:function/documents.cursor": crate::state::OpenCursor,
        "usher:function/tasks.task": crate::tasks::Task,
        "usher:function/transactions.transaction": crate::state::OpenTransaction,
    },
    imports: {
        "usher:function/documents": async | trappable,
        "usher:function/account": async | trappable,
        "usher:function/invocation.caller": async | trappable,
        "usher:function/invocation.call-function": async | trappable,
        "usher:function/tasks.wait": async | trappable,
        "usher:function/tasks.[method]task.take": async | trappable,
        "usher:function/transactions": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
