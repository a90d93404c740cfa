//! Everything a function might do to a host, in one component: the function's name says what.
//!
//! Each runs until the host stops it; where it does not, the answer says how far it came.

mod account;
mod database;
mod inputs;
mod output;
mod resources;

use usher_sdk::answer;
use usher_sdk::bindings::{self, Error, Guest};

struct Hostile;

type Answer = Result<Vec<u8>, Error>;

impl Guest for Hostile {
    fn call(name: String, arguments: Vec<u8>) -> Answer {
        match name.as_str() {
            "well_behaved" => number(1),

            "endless_loop" => resources::endless_loop(),
            "memory_bomb" => resources::memory_bomb(),
            "deep_recursion" => resources::deep_recursion(),
            "deep_frames" => resources::deep_frames(),
            "slow_sleep" => resources::slow_sleep(),
            "many_host_calls" => resources::many_host_calls(),
            "calls_itself" => resources::calls_itself(&name, &arguments),
            "calls_another" => resources::calls_another(&arguments),
            "who_am_i" => account::who_am_i(),
            "count_documents" => database::count_documents(),
            "trap" => panic!("a trap on purpose"),
            "abort" => std::process::abort(),
            "exit" => std::process::exit(0),

            "thousand_database_calls" => database::thousand_database_calls(),
            "huge_argument" => database::huge_argument(),
            "repeated_large_argument" => database::repeated_large_argument(),
            "handle_flood" => database::handle_flood(),
            "cursor_flood" => database::cursor_flood(),
            "garbage_filter" => database::garbage_filter(),
            "deep_filter" => database::deep_filter(),

            "return_error" => Err(error("Teapot", "short and stout")),
            "huge_error" => Err(error("Teapot", &"x".repeat(20 << 20))),
            "huge_result" => output::huge_result(),
            "deep_result" => output::deep_result(),
            "not_bson_result" => Ok(b"this is not BSON".to_vec()),
            "empty_result" => Ok(Vec::new()),
            "log_flood" => output::log_flood(),
            "print_flood" => output::print_flood(),
            "stdout" => output::stdout(),

            "read_clock" => inputs::read_clock(),
            "read_random" => inputs::read_random(),
            "read_environment" => inputs::read_environment(),
            "read_file" => inputs::read_file(),

            "write" => account::write(&arguments).and_then(|_| number(1)),
            "write_then_fail" => account::write(&arguments).and_then(|_| Err(error("Teapot", "written, then failed"))),
            "write_then_trap" => {
                account::write(&arguments)?;
                panic!("written, then trapped")
            }
            "write_then_loop" => {
                account::write(&arguments)?;
                resources::endless_loop()
            }
            "write_via_grant" => account::write_via_grant().and_then(|()| number(1)),
            "write_via_grant_then_fail" => {
                account::write_via_grant()?;
                Err(error("Teapot", "written to the grant, then failed"))
            }
            "delete_account" => account::delete(),
            _ => Err(error("UnknownFunction", &format!("the hostile component has no {name}"))),
        }
    }
}

bindings::export!(Hostile with_types_in usher_sdk::bindings);

fn error(code: &str, message: &str) -> Error {
    Error { code: code.to_owned(), message: message.to_owned() }
}

fn number(value: i64) -> Answer {
    Ok(answer(&value)?)
}
