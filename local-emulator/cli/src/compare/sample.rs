//! Figures of a run that never was, for tests of what is made of them.

use super::figures::{Aside, Calls, Compiled, Cost, Figures, Kind, Row, Shop, Spread, Way};

fn spread(median: f64) -> Spread {
    Spread { least: median * 0.9, median, most: median * 1.2 }
}

/// A run on a machine with so many cores, all of them free, on which nothing goes wrong.
pub(crate) fn figures(cores: usize) -> Figures {
    let mut rows = Vec::new();
    for work in Kind::ALL {
        for way in Way::LOCAL.into_iter().chain([Way::Functions]) {
            for workers in [1, cores.max(2), 16] {
                rows.push(row(way, work, workers, cores));
            }
        }
    }
    rows.push(Row {
        refused: 1_000,
        in_progress: 1_000,
        is_played: true,
        ..row(Way::Functions, Kind::Waits, 2_000, 2_000)
    });
    let cost = |way, create_us, memory_bytes, switch_us: Option<f64>| Cost {
        way,
        create_us: spread(create_us),
        memory_bytes: Some(memory_bytes),
        switch_us: switch_us.map(spread),
    };
    Figures {
        cores,
        repeats: 3,
        seconds: 0.3,
        waits_ms: 20,
        calculates_ms: 10,
        rounds: 4_000_000,
        rows,
        costs: vec![
            cost(Way::Threads, 25.0, 9_000, Some(2.5)),
            cost(Way::Async, 0.6, 400, Some(0.2)),
            cost(Way::Processes, 900.0, 400_000, Some(4.0)),
            cost(Way::Functions, 9_000.0, 1_500_000, None),
        ],
        shops: vec![Shop {
            name: "burgers, async".to_owned(),
            size: "grill 4".to_owned(),
            served: 120,
            per_s: 100.0,
            wall_s: 1.2,
            cpu_s: 0.02,
            in_progress: Some(7),
            executing: Some(1),
            involuntary_switches: Some(3),
            switches_elsewhere: Some(0),
        }],
        travel_us_per_salad: 95.0,
        calls: Calls {
            cold_ms: spread(12.0),
            init_ms: spread(8.0),
            warm_ms: spread(0.4),
            coffee_billed_ms: 43.0,
            memory_mb: 128,
            instances: cores,
        },
        aside: Aside {
            burgers: 50_000,
            with_pool_ms: spread(1.0),
            without_pool_ms: spread(250.0),
            answer_ms: spread(251.0),
        },
        compiled: Compiled {
            rustc: "rustc 1.90.0".to_owned(),
            refused_with: vec!["E0277".to_owned()],
            takes_locked: true,
        },
    }
}

fn row(way: Way, work: Kind, workers: usize, cores: usize) -> Row {
    let most = match (way, work) {
        (_, Kind::Waits) => workers,
        (Way::ThreadsOnOneCore | Way::Async, Kind::Calculates) => 1,
        (Way::Threads | Way::Processes | Way::Functions, Kind::Calculates) => workers.min(cores),
    };
    let speed_up = f64::from(u32::try_from(most).expect("few"));
    let each_s = if work == Kind::Waits { 0.02 } else { 0.01 };
    Row {
        way,
        work,
        workers,
        in_progress: workers,
        executing: (work == Kind::Calculates).then_some(most),
        pieces_per_s: spread(speed_up / each_s),
        speed_up,
        wall_s: spread(0.32),
        cpu_s: spread(if work == Kind::Waits { 0.001 } else { 0.3 * speed_up }),
        memory_bytes: Some(2_000_000),
        gb_s: Some(0.000_6),
        voluntary_switches: Some(15),
        involuntary_switches: Some(if workers > most && way != Way::Async { 9 } else { 0 }),
        is_played: false,
        refused: 0,
    }
}
