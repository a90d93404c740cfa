//! Measuring in turn, and the table.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

/// Rounds of each side. They alternate, so that a machine that changes its pace does so for both.
const ROUNDS: usize = 7;

/// One line of the table.
pub(crate) struct Row {
    name: &'static str,
    ours: f64,
    floor: f64,
    unit: &'static str,
}

impl Row {
    /// A row from the rounds of each side.
    pub(crate) fn new(name: &'static str, unit: &'static str, ours: Vec<f64>, floor: Vec<f64>) -> Self {
        Self { name, ours: median(ours), floor: median(floor), unit }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "ours": self.ours,
            "floor": self.floor,
            "unit": self.unit,
            "ratio": self.ours / self.floor,
        })
    }
}

/// Runs both sides in turn and keeps the median of each. A side gives its own figure: a time for each operation, or
/// operations a second.
pub(crate) async fn in_turn<A, B>(
    name: &'static str,
    unit: &'static str,
    mut ours: impl FnMut() -> A,
    mut floor: impl FnMut() -> B,
) -> Result<Row>
where
    A: Future<Output = Result<f64>>,
    B: Future<Output = Result<f64>>,
{
    // One round of each that does not count, to warm caches, pools and connections.
    ours().await?;
    floor().await?;
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_ours.push(ours().await?);
        of_floor.push(floor().await?);
    }
    Ok(Row::new(name, unit, of_ours, of_floor))
}

/// Microseconds for each of `count` operations that took `elapsed`.
pub(crate) fn microseconds(elapsed: Duration, count: u32) -> f64 {
    elapsed.as_secs_f64() * 1e6 / f64::from(count)
}

/// Runs `lanes` copies of an endless loop for `time` and gives the operations a second of all together.
pub(crate) async fn throughput<F>(
    lanes: usize,
    time: Duration,
    mut lane: impl FnMut(usize, Instant) -> F,
) -> Result<f64>
where
    F: Future<Output = Result<u64>> + Send + 'static,
{
    let begin = Instant::now();
    let tasks: Vec<_> = (0..lanes).map(|index| tokio::spawn(lane(index, begin + time))).collect();
    let mut operations = 0;
    for task in tasks {
        operations += task.await??;
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of operations is far below 2^52")]
    let operations = operations as f64;
    Ok(operations / begin.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![format!("{:<20} {:>12} {:>12}  {:<8} {:>6}", "name", "ours", "floor", "unit", "ratio")];
    lines.extend(rows.iter().map(|row| {
        format!(
            "{:<20} {:>12.2} {:>12.2}  {:<8} {:>6.2}",
            row.name,
            row.ours,
            row.floor,
            row.unit,
            row.ours / row.floor
        )
    }));
    lines.join("\n")
}
