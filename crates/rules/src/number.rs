//! Numbers of different types, compared by their exact values as MongoDB does.

use std::cmp::Ordering;

use bson::Bson;

/// Significant digits of a Decimal128; MongoDB rounds a double to as many before it compares the two.
const DECIMAL_DIGITS: usize = 34;

/// Compares two numbers; `None` where one is not a number. NaN equals itself and is less than everything else.
pub(crate) fn compare(left: &Bson, right: &Bson) -> Option<Ordering> {
    let (left, right) = (Number::of(left)?, Number::of(right)?);
    Some(match (&left, &right) {
        (Number::Integer(left), Number::Integer(right)) => left.cmp(right),
        (Number::Double(left), Number::Double(right)) => doubles(*left, *right),
        (Number::Integer(left), Number::Double(right)) => mixed(*left, *right),
        (Number::Double(left), Number::Integer(right)) => mixed(*right, *left).reverse(),
        _ => left.decimal().cmp(&right.decimal()),
    })
}

/// Whether it is NaN of whichever type.
pub(crate) fn is_nan(value: &Bson) -> bool {
    Number::of(value).is_some_and(|number| matches!(number.decimal(), Decimal::Nan))
}

/// The whole number that a number is or, where `truncated`, is nearest to towards zero.
pub(crate) fn whole(value: &Bson, truncated: bool) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if (truncated || number.fract() == 0.0) && number.abs() < 9.2e18 => Some(*number as i64),
        Bson::Decimal128(number) => whole(&Bson::Double(number.to_string().parse().ok()?), truncated),
        _ => None,
    }
}

enum Number {
    Integer(i64),
    Double(f64),
    Decimal(Decimal),
}

impl Number {
    fn of(value: &Bson) -> Option<Self> {
        Some(match value {
            Bson::Int32(number) => Self::Integer(i64::from(*number)),
            Bson::Int64(number) => Self::Integer(*number),
            Bson::Double(number) => Self::Double(*number),
            Bson::Decimal128(number) => Self::Decimal(Decimal::parse(&number.to_string())),
            _ => return None,
        })
    }

    fn decimal(&self) -> Decimal {
        match self {
            Self::Integer(number) => Decimal::parse(&number.to_string()),
            Self::Double(number) if number.is_finite() => Decimal::parse(&format!("{number:.*e}", DECIMAL_DIGITS - 1)),
            Self::Double(number) => Decimal::parse(&number.to_string()),
            Self::Decimal(number) => number.clone(),
        }
    }
}

fn doubles(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

fn mixed(left: i64, right: f64) -> Ordering {
    // 2^63, exactly.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if right.is_nan() || right < -BEYOND {
        Ordering::Greater
    } else if right >= BEYOND {
        Ordering::Less
    } else {
        left.cmp(&(right.trunc() as i64)).then(0.0.partial_cmp(&right.fract()).unwrap_or(Ordering::Equal))
    }
}

/// A decimal number in a form that can be compared.
#[derive(Clone, PartialEq, Eq)]
enum Decimal {
    Nan,
    Infinite {
        negative: bool,
    },
    /// `0.d₁d₂d₃… × 10^exponent`, without zeros at either end; zero has no digits.
    Finite {
        negative: bool,
        exponent: i64,
        digits: Vec<u8>,
    },
}

impl Decimal {
    /// Parses what numbers print: `-12.5E+3`, `NaN`, `inf`, `-Infinity`.
    fn parse(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match text.as_bytes().first() {
            Some(b'N' | b'n') => return Self::Nan,
            Some(b'I' | b'i') => return Self::Infinite { negative },
            _ => {}
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = before.bytes().chain(after.bytes()).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(leading, |last| last + 1);
        let exponent = exponent.parse::<i64>().unwrap_or(0) + before.len() as i64 - leading as i64;
        let digits = digits.get(leading..kept).unwrap_or_default().to_vec();
        if digits.is_empty() {
            return Self::Finite { negative: false, exponent: 0, digits };
        }
        Self::Finite { negative, exponent, digits }
    }

    fn rank(&self) -> i8 {
        match self {
            Self::Nan => -3,
            Self::Infinite { negative: true } => -2,
            Self::Infinite { negative: false } => 2,
            Self::Finite { digits, .. } if digits.is_empty() => 0,
            Self::Finite { negative, .. } => 1 - 2 * i8::from(*negative),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank()).then_with(|| match (self, other) {
            (
                Self::Finite { negative, exponent, digits },
                Self::Finite { exponent: other_exponent, digits: other_digits, .. },
            ) => {
                let size = exponent.cmp(other_exponent).then_with(|| digits.cmp(other_digits));
                if *negative { size.reverse() } else { size }
            }
            _ => Ordering::Equal,
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Bson {
        Bson::Decimal128(text.parse().expect("a decimal"))
    }

    #[test]
    fn numbers_of_all_types_stand_in_one_order() {
        let ordered = [
            Bson::Double(f64::NAN),
            Bson::Double(f64::NEG_INFINITY),
            Bson::Int64(i64::MIN),
            Bson::Double(-1.5),
            decimal("-1.4"),
            Bson::Int32(0),
            decimal("0.01"),
            Bson::Double(0.5),
            decimal("1"),
            Bson::Double(1.5),
            Bson::Int64(i64::MAX - 1),
            Bson::Int64(i64::MAX),
            // One more than the largest integer, though `i64::MAX as f64` rounds to it.
            Bson::Double(9_223_372_036_854_775_808.0),
            decimal("9223372036854775809"),
            decimal("Infinity"),
        ];
        for (i, left) in ordered.iter().enumerate() {
            for (j, right) in ordered.iter().enumerate() {
                assert_eq!(compare(left, right), Some(i.cmp(&j)), "{left} and {right}");
            }
        }
    }

    #[test]
    fn equal_numbers_of_different_types_are_equal() {
        for one in [Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0), decimal("1.00"), decimal("10E-1")] {
            assert_eq!(compare(&one, &Bson::Int32(1)), Some(Ordering::Equal), "{one}");
        }
        assert_eq!(compare(&Bson::Double(-0.0), &Bson::Int32(0)), Some(Ordering::Equal));
        assert_eq!(compare(&Bson::Double(0.1), &decimal("0.1")), Some(Ordering::Greater), "0.1 is a little more");
        assert_eq!(compare(&Bson::Int32(1), &Bson::Boolean(true)), None);
    }
}
