//! Which BSON number a number of JavaScript becomes (reference 3.7).
//!
//! The engine has integers of 32 bits and floating-point numbers, and BSON has three kinds. An Int32 becomes an integer
//! of the engine; a Long and a Double become floating-point numbers, so that what is computed from them is no Int32 by
//! accident. What a document's field was is remembered on the decoded object and holds for whatever number the field
//! has when it is written again. A number without such a memory is what an equal number that came in was, and else
//! what a number of its size is in JavaScript: an Int32, beyond that a Long, and a Double where it is not whole.

use std::collections::HashMap;

/// The kind that a whole number had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Int32 = 0,
    Long = 1,
    Double = 2,
}

impl Whole {
    pub(crate) fn from_mark(mark: i32) -> Option<Self> {
        match mark {
            1 => Some(Self::Long),
            2 => Some(Self::Double),
            _ => None,
        }
    }
}

/// The largest whole number up to which all are doubles.
pub(crate) const SAFE: f64 = 9_007_199_254_740_991.0;
/// Numbers that are remembered; whoever reads more of them gets the rule for numbers that were computed.
const REMEMBERED: usize = 4_096;

/// The whole Longs and Doubles that came into an invocation.
#[derive(Default)]
pub(crate) struct Numbers {
    seen: HashMap<u64, Whole>,
    /// Whether a Long came in as an argument of its own, and no other number did.
    pub(crate) longs_only: Option<bool>,
}

impl Numbers {
    pub(crate) fn came(&mut self, number: f64, kind: Whole) {
        if self.seen.len() < REMEMBERED {
            // A Double that equals a Long stays what it was first.
            self.seen.entry(number.to_bits()).or_insert(kind);
        }
    }

    /// Notes an argument of its own.
    pub(crate) fn argument(&mut self, kind: Whole) {
        let long = kind == Whole::Long;
        self.longs_only = Some(self.longs_only.unwrap_or(true) && long);
    }

    /// What a floating-point number becomes that no object remembers.
    pub(crate) fn kind(&self, number: f64) -> Whole {
        if number.fract() != 0.0 || number.abs() > SAFE || (number == 0.0 && number.is_sign_negative()) {
            return Whole::Double;
        }
        if let Some(kind) = self.seen.get(&number.to_bits()) {
            return *kind;
        }
        if self.longs_only == Some(true) {
            return Whole::Long;
        }
        if number.abs() <= f64::from(i32::MAX) { Whole::Int32 } else { Whole::Long }
    }
}
