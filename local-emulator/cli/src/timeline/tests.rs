//! Whole timelines, as snapshots: the real machine in the virtual world, so that they are the same everywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use insta::assert_snapshot;
use lunch_cloud::Record;
use lunch_contract::{FunctionId, Moment};

use super::{View, picture, render};
use crate::task_names::TaskNames;
use crate::virtual_kitchen;
use crate::virtual_lunch::{Fate, records};

fn drawn(
    orders: &[(u64, Fate)],
    reserved: Option<u32>,
    quiet: Duration,
    adjust: impl FnOnce(&mut View<'_>),
) -> String {
    drawn_by(render, orders, reserved, quiet, adjust)
}

fn drawn_by(
    render: impl FnOnce(&[(Moment, Record)], &View<'_>) -> String,
    orders: &[(u64, Fate)],
    reserved: Option<u32>,
    quiet: Duration,
    adjust: impl FnOnce(&mut View<'_>),
) -> String {
    let names = BTreeMap::from([(FunctionId(0), "coffee".to_owned())]);
    let records = records(orders, reserved, quiet);
    let tasks = TaskNames::default();
    let mut view = View {
        tasks: &tasks,
        width: 80,
        colour: false,
        lanes_max: Some(super::LANES),
        names: &names,
        origin: Moment::ZERO,
        until: Moment::ZERO,
        see_all: "see `--all`",
    };
    adjust(&mut view);
    render(&records, &view)
}

/// A quiet start, a crowd in waves, one order that is far too complex, and a quiet end.
fn lunchtime() -> Vec<(u64, Fate)> {
    let mut orders = vec![(200, Fate::Takes(280)), (1_100, Fate::Takes(310))];
    orders.extend((0..30).map(|n| (2_600 + n * 13, Fate::Takes(200 + n * 37 % 190))));
    orders.push((3_450, Fate::Takes(60_000)));
    orders.extend((0..25).map(|n| (3_500 + n * 170, Fate::Takes(150 + n * 53 % 260))));
    orders
}

const TEN_MINUTES_AND_MORE: Duration = Duration::from_secs(700);

#[test]
fn a_lunchtime_is_readable_at_80_columns_though_ten_minutes_of_quiet_follow() {
    assert_snapshot!(drawn(&lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |_| ()));
}

#[test]
fn the_same_lunchtime_uses_120_columns_where_there_are_120() {
    assert_snapshot!(drawn(&lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |view| view.width = 120));
}

#[test]
fn two_requests_an_hour_apart_are_a_column_each_side_of_the_break() {
    let orders = [(0, Fate::Takes(30)), (3_600_000, Fate::Takes(30))];
    assert_snapshot!(drawn(&orders, None, Duration::ZERO, |_| ()));
}

#[test]
fn a_regular_visitor_is_drawn_to_scale_and_not_folded() {
    let orders: Vec<_> = (0..30).map(|n| (n * 10_000, Fate::Takes(200))).collect();
    assert_snapshot!(drawn(&orders, None, Duration::ZERO, |_| ()));
}

#[test]
fn a_crash_and_an_error_are_told_apart() {
    let orders = [
        (0, Fate::Crashes(80)),
        (400, Fate::Fails(90)),
        (800, Fate::Takes(100)),
        (900, Fate::Takes(90)),
    ];
    assert_snapshot!(drawn(&orders, None, Duration::ZERO, |_| ()));
}

#[test]
fn one_short_request_fills_the_width() {
    assert_snapshot!(drawn(&[(0, Fate::Takes(3))], None, Duration::ZERO, |_| ()));
}

#[test]
fn many_instances_are_bounded_and_the_troubled_ones_stay() {
    let mut orders: Vec<_> = (0..40).map(|n| (n * 5, Fate::Takes(300))).collect();
    orders.push((210, Fate::Takes(60_000)));
    assert_snapshot!(drawn(&orders, None, Duration::ZERO, |view| view.lanes_max = Some(5)));
}

#[test]
fn colours_are_escape_codes_and_nothing_else_changes() {
    let plain = drawn(&lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |_| ());
    let colour = drawn(&lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |view| view.colour = true);
    assert_ne!(colour, plain);
    assert_eq!(console::strip_ansi_codes(&colour), plain);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [50, 60, 80, 97, 120, 200] {
        let text = drawn(&lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |view| view.width = width);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{width} columns have to do:\n{text}");
    }
}

#[test]
fn nothing_yet_is_said_so() {
    assert_eq!(drawn(&[], None, Duration::ZERO, |_| ()), "nothing has happened yet\n");
}

#[test]
fn a_picture_has_the_same_lanes() {
    let orders = [(0, Fate::Takes(30)), (5, Fate::Takes(60_000)), (3_600_000, Fate::Takes(30))];
    assert_snapshot!(drawn_by(picture, &orders, Some(1), Duration::ZERO, |_| ()));
}

#[test]
fn a_picture_escapes_what_functions_are_called_and_stays_inside_its_frame() {
    let names = BTreeMap::from([(FunctionId(0), "<coffee> & \"tea\"".to_owned())]);
    let named = |records: &[_], view: &View<'_>| picture(records, &View { names: &names, ..*view });
    let text = drawn_by(named, &lunchtime(), Some(10), TEN_MINUTES_AND_MORE, |_| ());
    assert!(text.contains("&lt;coffee&gt;") && !text.contains("<coffee>"), "{text}");
    let number = |attributes: &svg::node::Attributes, name: &str| -> f64 {
        attributes.get(name).and_then(|value| value.parse().ok()).unwrap_or(0.0)
    };
    let mut frame = None;
    for event in svg::read(&text).expect("it is SVG") {
        let svg::parser::Event::Tag(tag, _, attributes) = event else { continue };
        let size = (number(&attributes, "width"), number(&attributes, "height"));
        match tag {
            "svg" if frame.is_none() => frame = Some(size),
            "rect" => {
                let (width, height) = frame.expect("the frame comes first");
                let (x, y) = (number(&attributes, "x"), number(&attributes, "y"));
                assert!(x + size.0 <= width && y + size.1 <= height, "{attributes:?}");
            }
            _ => {}
        }
    }
}

fn tasks_drawn(render: impl FnOnce(&[(Moment, Record)], &View<'_>) -> String) -> String {
    let (records, names) = (virtual_kitchen::records(), BTreeMap::new());
    let tasks = virtual_kitchen::names(&records);
    let view = View {
        width: 100,
        colour: false,
        lanes_max: Some(super::LANES),
        names: &names,
        tasks: &tasks,
        origin: Moment::ZERO,
        until: Moment::from_millis(86_000),
        see_all: "see `--all`",
    };
    render(&records, &view)
}

#[test]
fn services_tasks_and_containers_have_lanes() {
    assert_snapshot!(tasks_drawn(render));
}

#[test]
fn a_picture_tells_of_each_status_of_a_task_and_of_how_it_ended() {
    let text = tasks_drawn(picture);
    for title in [
        "PROVISIONING for 400 ms",
        "PENDING for 300 ms",
        "ACTIVATING for 0 s",
        "RUNNING for 1.00 s",
        "RUNNING, healthy for",
        "DEACTIVATING for 0 s",
        "STOPPING for",
        "DEPROVISIONING for 0 s",
        "exited with 7",
        "exited with 137",
        "exited, restarted",
        "not started",
        "STOPPED, EssentialContainerExited: Essential container in task exited",
        "STOPPED, UserInitiated: Task stopped by user",
        "(service burger) has reached a steady state.",
        "deployment d-2 FAILED",
    ] {
        assert!(text.contains(title), "{title}");
    }
    let sizes = text.lines().filter(|line| line.contains("<rect")).count();
    assert!(sizes > 30, "{sizes} bars");
}

#[test]
fn of_many_tasks_the_troubled_the_living_and_the_last_are_drawn() {
    let records = virtual_kitchen::records();
    let names = virtual_kitchen::names(&records);
    let mut parties = super::lanes::lanes(&records, Moment::ZERO, &names).parties;
    assert_eq!(super::tasks::choose(&mut parties, 2), 5);
    let shown = parties.iter().flat_map(|party| &party.tasks);
    let shown: Vec<_> = shown.map(|lane| lane.task.to_string()).collect();
    assert_eq!(
        shown,
        ["task-0006", "task-0001"],
        "one could not be started, one is restarted and lives"
    );
}

#[test]
fn why_tasks_ended_and_what_a_service_cannot_do_is_told() {
    let records = virtual_kitchen::records();
    let of_tasks = records.iter().filter_map(|(at, record)| {
        let Record::Ecs(record) = record else { return None };
        Some((*at, record))
    });
    let told = super::told(of_tasks, &virtual_kitchen::names(&records));
    let lines: Vec<_> = told.iter().map(|(at, sentence)| format!("{at}: {sentence}")).collect();
    assert_snapshot!(lines.join("\n"));
}
