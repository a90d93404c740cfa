//! Lines for the app's log: `log::info!("{count} documents")`. What a function prints goes there as well.

#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __warn as warn};

pub use crate::bindings::invocation::Level;

/// Writes a line to the app's log.
pub fn write(level: Level, line: &str) {
    crate::bindings::invocation::log(level, line);
}

/// A line for the author, while looking for a mistake.
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($line:tt)*) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($line)*)) };
}

/// An ordinary line.
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($line:tt)*) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($line)*)) };
}

/// Something is odd.
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($line:tt)*) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($line)*)) };
}

/// Something failed.
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($line:tt)*) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($line)*)) };
}
