//! The shop with real processes, which are killed; without any queue.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use salad::counter::{Counter, Handle, MemberStatus, Outcome, Part, Status};
use salad::tally::Tally;
use salad::{Salad, Settings};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

/// So many rounds are a millisecond here: a hundredth or less of one, so that these tests are about the ways and not about
/// the work.
const ROUNDS_PER_MS: u64 = 1_000;
/// Longer than anything takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(makers: u32, bowls: u32, salad_cpu_ms: u32) -> Settings {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_salad"));
    Settings { makers, bowls, salad_cpu_ms, program }
}

fn open(makers: u32, bowls: u32, salad_cpu_ms: u32) -> (Handle, JoinHandle<Tally>) {
    Counter::open(&settings(makers, bowls, salad_cpu_ms), ROUNDS_PER_MS)
}

fn salad() -> Salad {
    serde_json::from_str(r#"{"leaves":"rocket","ingredients":["tomatoes","feta"]}"#)
        .expect("a salad")
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let within = async { timeout(PATIENCE, test).await.expect("it comes to an end") };
    runtime.expect("a runtime").block_on(within);
}

/// Waits until it is so.
async fn until(shop: &Handle, is_so: impl FnMut(&Status) -> bool) -> Status {
    shop.status().wait_for(is_so).await.expect("it is open").clone()
}

fn sigkill(member: &MemberStatus) {
    if let Some(pid) = member.pid {
        let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
        // It may have ended by itself.
        kill(pid, Signal::SIGKILL).ok();
    }
}

/// Puts so many orders on the counter, all at once.
fn order(shop: &Handle, many: usize) -> JoinSet<Outcome> {
    let mut orders = JoinSet::new();
    for _ in 0..many {
        let shop = shop.clone();
        orders.spawn(async move { shop.make(salad()).await });
    }
    orders
}

async fn all(orders: JoinSet<Outcome>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for outcome in orders.join_all().await {
        let name = match outcome {
            Outcome::Served(_) => "served",
            Outcome::Closing => "closing",
            Outcome::MakersLost => "makers lost",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn bowls(status: &Status) -> usize {
    let in_hands = status.staff.iter().filter(|member| member.bowl.is_some()).count();
    status.clean_bowls + status.dirty_bowls + in_hands
}

#[test]
fn every_size_of_staff_serves_with_any_number_of_bowls() {
    run(async {
        for staff in 2..=5 {
            for bowls in [1, 2, 6] {
                let (shop, closed) = open(staff - 1, bowls, 1);
                let counts = all(order(&shop, 40)).await;
                assert_eq!(
                    counts,
                    BTreeMap::from([("served", 40)]),
                    "{staff} staff, {bowls} bowls"
                );
                drop(shop);
                let tally = closed.await.expect("the counter ends");
                assert_eq!((tally.ordered, tally.served, tally.staff_lost), (40, 40, 0));
            }
        }
    });
}

#[test]
fn a_killed_makers_order_and_bowl_are_not_lost() {
    run(async {
        // A salad that takes many seconds, in the only bowl, which is washed in one.
        let (shop, closed) = open(2, 1, 2_000_000);
        let orders = order(&shop, 1);
        let is_making = |member: &MemberStatus| member.order.is_some() && member.bowl.is_some();
        let busy = until(&shop, |status| status.staff.iter().any(is_making)).await;
        let maker = busy.staff.iter().find(|member| is_making(member)).expect("one makes it");
        sigkill(maker);
        let again = until(&shop, |status| {
            let is_other = |member: &MemberStatus| is_making(member) && member.pid != maker.pid;
            status.staff.iter().any(is_other)
        })
        .await;
        assert_eq!(again.tally.staff_lost, 1);
        assert_eq!(again.tally.washed, 1, "the bowl was dirty");
        assert_eq!(bowls(&again), 1);
        shop.abandon().await;
        assert_eq!(all(orders).await, BTreeMap::from([("closing", 1)]));
        closed.await.expect("the counter ends");
    });
}

#[test]
fn a_killed_washers_bowl_is_not_lost() {
    run(async {
        let (shop, closed) = open(1, 1, 1);
        all(order(&shop, 1)).await;
        let clean = until(&shop, |status| status.clean_bowls == 1).await;
        // A stopped washer takes the only bowl and does not give it back.
        let washer = &clean.staff[0];
        let pid = Pid::from_raw(i32::try_from(washer.pid.expect("a process")).expect("an id"));
        kill(pid, Signal::SIGSTOP).expect("it is there");
        let orders = order(&shop, 2);
        let stuck = until(&shop, |status| status.staff[0].bowl.is_some()).await;
        assert_eq!(stuck.staff[0].pid, washer.pid);
        sigkill(washer);
        assert_eq!(all(orders).await, BTreeMap::from([("served", 2)]));
        let after = until(&shop, |status| status.clean_bowls == 1).await;
        assert_eq!(after.tally.staff_lost, 1);
        assert_ne!(after.staff[0].pid, washer.pid);
        drop(shop);
        closed.await.expect("the counter ends");
    });
}

/// Whoever is stopped as it waits, with one bowl in the shop, has it when its order comes, and keeps it.
async fn stopped(part: Part) {
    let patience = Duration::from_secs(1);
    let (shop, closed) = Counter::open_with_patience(&settings(1, 1, 1), ROUNDS_PER_MS, patience);
    all(order(&shop, 1)).await;
    let idle = until(&shop, |status| status.clean_bowls == 1).await;
    let one = idle.staff.iter().find(|member| member.part == part).expect("there is one");
    let pid = Pid::from_raw(i32::try_from(one.pid.expect("a process")).expect("an id"));
    kill(pid, Signal::SIGSTOP).expect("it is there");
    assert_eq!(all(order(&shop, 3)).await, BTreeMap::from([("served", 3)]), "{part}");
    let after = until(&shop, |status| status.clean_bowls == 1).await;
    assert!(after.tally.staff_lost > 0, "{part}: {after:?}");
    drop(shop);
    closed.await.expect("the counter ends");
}

#[test]
fn who_hangs_is_ended_and_what_it_had_goes_to_the_next() {
    run(async {
        stopped(Part::Maker).await;
        stopped(Part::Washer).await;
    });
}

#[test]
fn who_works_for_longer_than_the_shops_patience_is_not_ended() {
    run(async {
        // A salad of many seconds, at which it is looked several times.
        let settings = settings(1, 1, 2_000_000);
        let patience = Duration::from_millis(500);
        let (shop, closed) = Counter::open_with_patience(&settings, ROUNDS_PER_MS, patience);
        let orders = order(&shop, 1);
        let busy = until(&shop, |status| status.staff.iter().any(|one| one.order.is_some())).await;
        let looks = timeout(4 * patience, until(&shop, |status| status.tally.staff_lost > 0)).await;
        assert!(looks.is_err(), "{busy:?}: {looks:?}");
        shop.abandon().await;
        assert_eq!(all(orders).await, BTreeMap::from([("closing", 1)]));
        closed.await.expect("the counter ends");
    });
}

/// Orders, kills at random moments, and in the end each order has its outcome and each bowl is there.
async fn random_kills(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let (staff, many) = (random.u32(2..=5), random.usize(20..=60));
    let (all_bowls, cost_ms) = (random.u32(1..=6), random.u32(1..=200));
    let (shop, closed) = open(staff - 1, all_bowls, cost_ms);
    let plan = format!("seed {seed}: {staff} staff, {all_bowls} bowls, {cost_ms} thousand rounds");
    let mut orders = order(&shop, many);
    let (mut served, mut lost, mut kills) = (0, 0, 0_u64);
    while !orders.is_empty() {
        let moment = Duration::from_micros(random.u64(0..20_000));
        let moment = Instant::now() + moment;
        while let Ok(Some(outcome)) = tokio::time::timeout_at(moment, orders.join_next()).await {
            match outcome.expect("no order panics") {
                Outcome::Served(_) => served += 1,
                Outcome::MakersLost => lost += 1,
                Outcome::Closing => panic!("{plan}: it is not closing"),
            }
        }
        let now = shop.status().borrow().clone();
        assert_eq!(bowls(&now), all_bowls as usize, "{plan}");
        if random.u32(0..3) > 0 {
            sigkill(&now.staff[random.usize(0..now.staff.len())]);
            kills += 1;
        }
    }
    assert_eq!(served + lost, many, "{plan}");
    let settled = until(&shop, |status| status.clean_bowls == all_bowls as usize).await;
    assert_eq!(settled.tally.served, served as u64, "{plan}");
    assert!(lost as u64 * 3 <= kills, "{plan}: {lost} are given back after {kills} kills");
    drop(shop);
    let tally = closed.await.expect("the counter ends");
    assert_eq!((tally.served, tally.given_back), (served as u64, lost as u64), "{plan}");
    assert!(tally.staff_lost <= kills, "{plan}: {} lost, {kills} killed", tally.staff_lost);
}

#[test]
fn kills_at_random_moments_lose_no_order_and_no_bowl() {
    run(async {
        for seed in 1..=12 {
            random_kills(seed).await;
        }
    });
}

#[test]
fn a_shop_that_closes_serves_what_is_begun_and_gives_back_the_rest() {
    run(async {
        let (shop, closed) = open(2, 4, 1_000);
        let orders = order(&shop, 10);
        until(&shop, |status| status.on_the_rail == 8).await;
        shop.close().await;
        assert_eq!(all(orders).await, BTreeMap::from([("served", 2), ("closing", 8)]));
        assert_eq!(shop.make(salad()).await, Outcome::Closing);
        closed.await.expect("the counter ends");
        assert_eq!(shop.make(salad()).await, Outcome::Closing, "nobody is there");
    });
}

#[test]
fn a_staff_that_does_not_start_is_tried_again_and_orders_wait() {
    run(async {
        let nowhere = Settings { program: "/nowhere/salad".into(), ..settings(1, 1, 1) };
        let (shop, closed) = Counter::open(&nowhere, ROUNDS_PER_MS);
        let orders = order(&shop, 1);
        let waiting = until(&shop, |status| status.on_the_rail == 1).await;
        assert!(waiting.staff.iter().all(|member| member.pid.is_none()));
        shop.close().await;
        assert_eq!(all(orders).await, BTreeMap::from([("closing", 1)]));
        closed.await.expect("the counter ends");
    });
}
