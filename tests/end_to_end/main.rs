//! End to end: the real binary, the real database, real clients.

mod authority;
mod command_line;
mod crash;
mod creation;
mod deploy;
mod hostile;
mod support;
mod wire;
