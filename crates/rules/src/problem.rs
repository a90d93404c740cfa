//! What is wrong with a rule, and where.

/// A mistake in a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as the keys and indexes that lead to it from the value that was compiled.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The problems found so far, and the place that is being read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    path: Vec<String>,
    found: Vec<Problem>,
}

impl Problems {
    /// Reads what stands under a key or index.
    pub(crate) fn inside<T>(&mut self, key: impl ToString, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_string());
        let result = read(self);
        self.path.pop();
        result
    }

    /// Records a problem of the place that is being read.
    pub(crate) fn add(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Problem { path: self.path.clone(), message: message.into(), help: help.into() });
    }

    /// What was read, unless there were problems.
    pub(crate) fn finish<T>(self, read: T) -> Result<T, Vec<Problem>> {
        if self.found.is_empty() { Ok(read) } else { Err(self.found) }
    }
}

/// Names longer than this are not compared: no known one is, and the time grows with both lengths.
const GUESSED_CHARS: usize = 64;

/// The known name that was probably meant.
pub(crate) fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > GUESSED_CHARS {
        return None;
    }
    let name = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase()), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn guess<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    near(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
