//! Functions that call each other share their grants: with equal grants they run in one instance, and live objects
//! pass between them as they did in App Services.

use std::collections::{BTreeMap, BTreeSet};

use usher_app::App;

use super::grants::Used;

/// For each function those that share its grants, itself included.
pub(super) fn together(app: &App, used: &[Used]) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Used { function, .. } in used {
        groups.entry(function.clone()).or_default().insert(function.clone());
    }
    let system = |name: &str| app.functions.get(name).is_some_and(|function| function.run_as_system);
    for Used { function, scans } in used {
        for called in scans.iter().flat_map(|(_, scan)| &scan.executes) {
            // A call that rises to the system gets an instance of its own whatever the grants.
            if !groups.contains_key(called) || (system(called) && !system(function)) {
                continue;
            }
            let both: BTreeSet<String> =
                [function, called].into_iter().filter_map(|it| groups.get(it)).flatten().cloned().collect();
            for member in &both {
                groups.insert(member.clone(), both.clone());
            }
        }
    }
    groups
}
