//! The shops: what each takes beside what its grill or its makers alone would take, and what limits it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::queues::{Call, made};
use crate::figures::Rounds;
use crate::programs::Program;
use crate::shop::Shop;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure, pause};

/// Customers who wait at the opening, and how many of them the shop may take in.
const WAITING: u32 = 1_000;
/// Burgers of one patty, by the shop's own defaults otherwise: four patties at once, which cook for 240 s of its time.
const GRILL: u32 = 4;
const COOK_S: u32 = 240;
/// So many seconds of its time pass in one.
const TIME_SCALE: u32 = 6_000;
/// How long salads are ordered.
const SALADS_S: u32 = 10;
/// Orders for each shop, where both are open at once.
const LUNCHTIME: u32 = 120;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    // A shop has the whole machine, as a task has.
    bench.cores.take_all()?;
    let mut rows = vec![
        burgers(bench, "async", 30, 1.1)?,
        burgers(bench, "threads", 60, 1.3)?,
        waiting(bench)?,
    ];
    rows.extend(salads(bench)?);
    rows.extend(rates(bench)?);
    Ok(rows)
}

/// A cloud with both shops' queues.
fn street(bench: &Bench) -> Result<Program, Failure> {
    let lunch = bench.place.lunch(&[])?;
    for queue in ["burger", "salad", "dead"] {
        made(&lunch, queue)?;
    }
    let receipts = json!({"QueueName": "receipts.fifo", "Attributes": {
        "FifoQueue": "true", "DeduplicationScope": "messageGroup",
    }});
    Call::of(&lunch, "CreateQueue", &receipts.to_string())?.once()?;
    Ok(lunch)
}

/// So many customers of one shop come at once.
fn come(lunch: &Program, shop: &str, count: u32) -> Result<(), Failure> {
    let item = match shop {
        "burger" => json!({"extras": ["cheese"]}),
        _ => json!({"leaves": "rocket", "ingredients": ["feta"]}),
    };
    let entry = |id: u32| {
        let order = json!({"id": id, "customer": "Ada", "item": item});
        json!({"Id": id.to_string(), "MessageBody": order.to_string()})
    };
    let url = format!("http://127.0.0.1/123456789012/{shop}");
    let mut send = Call::of(lunch, "SendMessageBatch", "{}")?;
    for first in (0..count).step_by(10) {
        let entries: Vec<_> = (first..count.min(first + 10)).map(entry).collect();
        send.asks("SendMessageBatch", &json!({"QueueUrl": url, "Entries": entries}).to_string());
        send.once()?;
    }
    Ok(())
}

/// The looks at the grill that so many patties need, and nothing else.
fn grill_alone(patties: u32, look_s: u32) -> Duration {
    let (begin, every) = (Instant::now(), Duration::from_secs(look_s.into()) / TIME_SCALE);
    let looks = patties.div_ceil(GRILL) * COOK_S.div_ceil(look_s);
    for look in 1..=looks {
        pause((every * look).saturating_sub(begin.elapsed()));
    }
    begin.elapsed()
}

/// From the opening to the last receipt, with everybody in the shop.
fn burgers(bench: &Bench, engine: &str, look_s: u32, most: f64) -> Result<Row, Failure> {
    let lunch = street(bench)?;
    come(&lunch, "burger", WAITING)?;
    let (orders, scale) = (WAITING.to_string(), TIME_SCALE.to_string());
    let variables = [("ENGINE", engine), ("BURGER_ORDERS", &orders), ("BURGER_TIME_SCALE", &scale)];
    let shop = Shop::open(&bench.place, "burger", lunch.port, &variables)?;
    let served = shop.served(WAITING as usize)?;
    let took = served.last().map_or(Duration::ZERO, |last| *last - shop.opened);
    let floor = figure(grill_alone(WAITING, look_s).as_secs_f64() * 1e3);
    let what = format!("{WAITING} burgers, {engine}, all orders in the shop");
    let ours = figure(took.as_secs_f64() * 1e3);
    Ok(Row::alone(what, Unit::Millis, &ours).over("grill", &floor).bar(Bar::AtMost(most)))
}

/// What an order costs that was taken and waits: its message, its receipt handle and itself.
fn waiting(bench: &Bench) -> Result<Row, Failure> {
    let lunch = street(bench)?;
    let orders = WAITING.to_string();
    let slow = [("BURGER_ORDERS", orders.as_str()), ("BURGER_COOK_S", "86400")];
    let never = [("BURGER_TIME_SCALE", "1"), ("VISIBILITY_TIMEOUT_S", "600")];
    let variables = [slow, never].concat();
    let shop = Shop::open(&bench.place, "burger", lunch.port, &variables)?;
    let resident = |taken: u32| {
        let since = Instant::now();
        while shop.status()?["in_hand"].as_u64().is_none_or(|now| now < taken.into()) {
            if since.elapsed() > crate::http::PATIENCE {
                return Err(Failure::Premise(format!("{taken} orders are not taken")));
            }
            pause(Duration::from_millis(20));
        }
        pause(Duration::from_millis(500));
        let bytes = shop.status()?["kitchen"]["rss_bytes"].as_f64();
        bytes.ok_or_else(|| Failure::Premise("the shop does not see its memory".to_owned()))
    };
    let empty = resident(0)?;
    come(&lunch, "burger", WAITING)?;
    let each = (resident(WAITING)? - empty) / f64::from(WAITING);
    let what = format!("  memory of a waiting order, of {WAITING}, resident");
    Ok(Row::figure(what, Unit::Bytes, each).bar(Bar::AtMost(1_024.0)))
}

/// As many makers as cores beside one of them, fed from memory.
fn salads(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let cores = u32::try_from(bench.cores.count).unwrap_or(u32::MAX);
    let (one, all) = (fed(bench, 1)?, fed(bench, cores)?);
    let per_second = |measured: &Value| figure(measured["salads_per_s"].as_f64().unwrap_or(0.0));
    let what = format!("salads, {} staff on {cores} cores, limit {}", cores + 1, all["limit"]);
    let travel_ms = one["travel_us_per_salad"].as_f64().unwrap_or(f64::INFINITY) / 1e3;
    Ok(vec![
        Row::alone(what, Unit::PerSecond, &per_second(&all))
            .over("one maker", &per_second(&one))
            .bar(Bar::AtLeast(0.8 * f64::from(cores))),
        Row::figure("  travel of bowls for each salad", Unit::Millis, travel_ms)
            .bar(Bar::AtMost(1.0)),
    ])
}

fn fed(bench: &Bench, makers: u32) -> Result<Value, Failure> {
    let program = bench.place.program("salad");
    let mut command = Command::new(&program);
    let (makers, seconds) = (makers.to_string(), SALADS_S.to_string());
    command.args(["measure", "--makers", &makers, "--seconds", &seconds]).stderr(Stdio::inherit());
    let run = |source| Failure::Run { program: program.display().to_string(), source };
    let output = command.output().map_err(run)?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_no_json| Failure::Premise("`salad measure` has measured nothing".to_owned()))
}

/// What both shops serve in a second, open at once, and what each says that its limit was.
struct Lunchtime {
    burgers: Rounds,
    salads: Rounds,
    limits: [String; 2],
}

impl Lunchtime {
    fn of(bench: &Bench, grill: u32, makers: u32) -> Result<Self, Failure> {
        let lunch = street(bench)?;
        let (grill, staff) = (grill.to_string(), (makers + 1).to_string());
        for shop in ["burger", "salad"] {
            come(&lunch, shop, LUNCHTIME)?;
        }
        let open = |name, variable| Shop::open(&bench.place, name, lunch.port, &[variable]);
        let burger = open("burger", ("BURGER_GRILL", grill.as_str()))?;
        let salad = open("salad", ("NUM_STAFF", staff.as_str()))?;
        // From the end of the first grill's load on, which is a multiple of every size that is measured here.
        let per_second = |shop: &Shop| {
            let served = shop.served(LUNCHTIME as usize)?;
            let (first, last) = (served[GRILL as usize * 2 - 1], served[served.len() - 1]);
            Ok::<_, Failure>(figure(
                f64::from(LUNCHTIME - GRILL * 2) / (last - first).as_secs_f64(),
            ))
        };
        let (burgers, salads) = (per_second(&burger)?, per_second(&salad)?);
        let limit = |limit: &Value| limit.as_str().unwrap_or("none").to_owned();
        let limits = [
            limit(&burger.status()?["kitchen"]["limit"]),
            limit(&salad.status()?["kitchen"]["now"]["limit"]),
        ];
        Ok(Self { burgers, salads, limits })
    }
}

fn rates(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let usual = Lunchtime::of(bench, GRILL, 1)?;
    let grill = Lunchtime::of(bench, GRILL * 2, 1)?;
    let makers = Lunchtime::of(bench, GRILL, 2)?;
    let row = |what: String, ours: &Rounds, name, floor: &Rounds, least: f64| {
        Row::alone(what, Unit::PerSecond, ours).over(name, floor).bar(Bar::AtLeast(least))
    };
    let [burgers, salads] = &usual.limits;
    let (slower, faster) = if usual.burgers.median() < usual.salads.median() {
        (&usual.burgers, &usual.salads)
    } else {
        (&usual.salads, &usual.burgers)
    };
    Ok(vec![
        row(
            format!("both by default, limits {burgers} and {salads}"),
            slower,
            "the faster",
            faster,
            0.91,
        ),
        row(
            format!("  burgers, twice the grill, limit {}", grill.limits[0]),
            &grill.burgers,
            "before",
            &usual.burgers,
            1.8,
        ),
        row("    salads meanwhile".to_owned(), &grill.salads, "before", &usual.salads, 0.9),
        row(
            format!("  salads, two makers, limit {}", makers.limits[1]),
            &makers.salads,
            "before",
            &usual.salads,
            1.5,
        ),
        row("    burgers meanwhile".to_owned(), &makers.burgers, "before", &usual.burgers, 0.9),
    ])
}

/// What was measured once, over some ten seconds.
fn figure(figure: f64) -> Rounds {
    let mut once = Rounds::default();
    once.add(figure);
    once
}
