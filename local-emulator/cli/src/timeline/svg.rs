//! The timeline as a picture: the terminal's lanes on a finer axis, in SVG.

use std::collections::BTreeSet;

use lunch_cloud::Record;
use lunch_contract::Moment;
use svg::node::element::{Group, Line, Polyline, Rectangle, Style, Text, Title};
use svg::{Document, Node as _};

use super::axis::Axis;
use super::glyph::Glyph;
use super::lanes::{self, Lane, Lanes, Row};
use super::{View, choose, labels, not_drawn, rows, tasks};
use crate::span;

/// Pixels of the axis, which are its columns.
const COLUMNS: usize = 1_200;
/// Pixels of a lane, with the gap below it.
const LANE: usize = 20;
const BAR: usize = 14;
const LABELS: usize = 190;
const RIGHT: usize = 60;
const TOP: usize = 34;
const CUSTOMERS: usize = 48;

const STYLE: &str = "text { font: 12px ui-monospace, monospace; fill: #24292f } \
                     .quiet { fill: #6e7781 } .end { text-anchor: end } \
                     .ruler { stroke: #d0d7de } .requests { fill: none; stroke: #24292f }";

/// Draws all records; `view.width` and `view.colour` are a terminal's and mean nothing here.
pub(crate) fn picture(records: &[(Moment, Record)], view: &View<'_>) -> String {
    let last = records.last().map_or(Moment::ZERO, |(at, _)| *at);
    let lanes = lanes::lanes(records, view.until.max(last), view.tasks);
    Picture::new(lanes, view).draw().to_string() + "\n"
}

struct Picture<'a> {
    view: &'a View<'a>,
    lanes: Lanes,
    axis: Axis,
    document: Document,
    used: BTreeSet<Glyph>,
    y: usize,
}

impl<'a> Picture<'a> {
    fn new(lanes: Lanes, view: &'a View<'a>) -> Self {
        let axis = Axis::new(&lanes::join(lanes.active.clone()), COLUMNS);
        let document = Document::new().add(Style::new(STYLE));
        Self { view, lanes, axis, document, used: BTreeSet::new(), y: TOP }
    }

    fn draw(mut self) -> Document {
        let background =
            Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "#ffffff");
        self.add(background);
        if self.lanes.active.is_empty() {
            self.text(8, TOP, "quiet", "nothing has happened yet");
        } else {
            self.ruler();
            self.customers();
            let instances = std::mem::take(&mut self.lanes.instances);
            let shown = choose(&instances, self.view.lanes_max.unwrap_or(usize::MAX));
            for &index in &shown {
                self.lane(&instances[index]);
            }
            self.refused();
            let hidden = instances.len() - shown.len();
            if hidden > 0 {
                let line = format!("{hidden} more instances are not drawn ({})", self.view.see_all);
                self.text(LABELS, self.y + BAR, "quiet", &line);
                self.y += LANE;
            }
            self.tasks();
            self.legend();
        }
        let (width, height) = (LABELS + COLUMNS + RIGHT, self.y + LANE);
        self.document
            .set("viewBox", (0, 0, width, height))
            .set("width", width)
            .set("height", height)
    }

    /// Round times, and where quiet ones are folded away.
    fn ruler(&mut self) {
        let mut free = 0;
        let (x0, y) = (LABELS, TOP - 10);
        self.add(line((x0, y), (x0 + COLUMNS, y)));
        for (column, text) in self.axis.ticks(self.view.origin) {
            self.add(line((x0 + column, y), (x0 + column, y + 5)));
            if column >= free {
                self.text(x0 + column, y - 5, "quiet", &text);
                free = column + 10 * text.len();
            }
        }
        let folds: Vec<_> = self.axis.pieces.iter().filter(|piece| piece.fold.is_some()).collect();
        let folds: Vec<_> = folds.iter().map(|piece| (piece.start, piece.columns)).collect();
        for (start, columns) in folds {
            let fold = Rectangle::new()
                .set("x", x0 + start)
                .set("y", y - 3)
                .set("width", columns)
                .set("height", 6)
                .set("fill", "#d0d7de");
            self.add(fold.add(Title::new("nothing happened here")));
        }
    }

    /// How many requests are in flight, as steps.
    fn customers(&mut self) {
        let most = self.lanes.in_flight.iter().map(|(_, count)| *count).max().unwrap_or(0);
        if most == 0 {
            return;
        }
        let height =
            |count: u32| self.y + CUSTOMERS - 8 - count as usize * (CUSTOMERS - 12) / most as usize;
        let mut before = height(0);
        let mut points = vec![(LABELS, before)];
        for (at, count) in &self.lanes.in_flight {
            let x = LABELS + self.axis.column(*at);
            points.extend([(x, before), (x, height(*count))]);
            before = height(*count);
        }
        let points = points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
        self.label("requests");
        self.add(Polyline::new().set("class", "requests").set("points", points));
        self.text(LABELS + COLUMNS + 6, self.y + BAR, "quiet", &format!("max {most}"));
        self.y += CUSTOMERS;
    }

    fn lane(&mut self, lane: &Lane) {
        let served = format!("x{}", lane.invocations);
        self.row(&labels::of_instance(lane, self.view), &lane.row, &served);
    }

    /// Services, their tasks and those tasks' containers.
    fn tasks(&mut self) {
        let mut parties = std::mem::take(&mut self.lanes.parties);
        let hidden = tasks::choose(&mut parties, self.view.lanes_max.unwrap_or(usize::MAX));
        for (label, row, right) in rows(&parties, self.view) {
            self.row(&label, row, &right);
        }
        if hidden > 0 {
            self.text(LABELS, self.y + BAR, "quiet", &not_drawn(hidden, self.view));
            self.y += LANE;
        }
    }

    fn row(&mut self, label: &str, row: &Row, right: &str) {
        self.label(label);
        let mut group = Group::new();
        // What is short is drawn last, and never narrower than a pixel.
        let mut stretches: Vec<_> = row.stretches.iter().collect();
        stretches.sort_by_key(|stretch| stretch.glyph);
        for stretch in stretches {
            let took = span::show(stretch.to.since(stretch.from));
            let title = format!("{} for {took}", stretch.glyph.word());
            group = group.add(self.bar(stretch.glyph, stretch.from, stretch.to, title));
        }
        for mark in &row.marks {
            let title = mark.title.clone().unwrap_or_else(|| mark.glyph.word().to_owned());
            group = group.add(self.bar(mark.glyph, mark.at, mark.at, title));
        }
        self.used.extend(row.glyphs());
        self.add(group);
        self.text(LABELS + COLUMNS + 6, self.y + BAR - 2, "quiet", right);
        self.y += LANE;
    }

    fn refused(&mut self) {
        if self.lanes.refused.is_empty() {
            return;
        }
        self.label("throttled");
        self.used.insert(Glyph::Refused);
        for at in self.lanes.refused.clone() {
            let bar = self.bar(Glyph::Refused, at, at, "throttled".to_owned());
            self.add(bar);
        }
        let count = format!("x{}", self.lanes.refused.len());
        self.text(LABELS + COLUMNS + 6, self.y + BAR - 2, "quiet", &count);
        self.y += LANE;
    }

    fn bar(&self, glyph: Glyph, from: Moment, to: Moment, title: String) -> Rectangle {
        let (left, right) = (self.axis.column(from), self.axis.column(to));
        // A line where it only waits, a bar where it works.
        let thin = matches!(
            glyph,
            Glyph::Idle | Glyph::Frozen | Glyph::Reset | Glyph::DeployedWell | Glyph::DeployedIll
        );
        let (down, height) = if thin { (BAR / 2 - 2, 4) } else { (0, BAR) };
        Rectangle::new()
            .set("x", LABELS + left)
            .set("y", self.y + down)
            .set("width", (right - left).max(if from == to { 3 } else { 1 }))
            .set("height", height)
            .set("fill", fill(glyph))
            .add(Title::new(title))
    }

    fn legend(&mut self) {
        self.y += LANE / 2;
        let mut x = LABELS;
        let used = std::mem::take(&mut self.used);
        for glyph in Glyph::LEGEND.into_iter().filter(|glyph| used.contains(glyph)) {
            let width = 14 + 8 * glyph.word().len() + 12;
            if x + width > LABELS + COLUMNS + RIGHT {
                (x, self.y) = (LABELS, self.y + LANE);
            }
            let square = Rectangle::new()
                .set("x", x)
                .set("y", self.y)
                .set("width", 10)
                .set("height", 10)
                .set("fill", fill(glyph));
            self.add(square);
            self.text(x + 14, self.y + 10, "quiet", glyph.word());
            x += width;
        }
        self.y += LANE;
    }

    fn label(&mut self, text: &str) {
        self.text(LABELS - 8, self.y + BAR - 2, "end", text);
    }

    fn text(&mut self, x: usize, y: usize, class: &str, text: &str) {
        self.add(Text::new(text).set("x", x).set("y", y).set("class", class));
    }

    fn add(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        self.document.append(node);
    }
}

fn line(from: (usize, usize), to: (usize, usize)) -> Line {
    Line::new()
        .set("class", "ruler")
        .set("x1", from.0)
        .set("y1", from.1)
        .set("x2", to.0)
        .set("y2", to.1)
}

const fn fill(glyph: Glyph) -> &'static str {
    match glyph {
        Glyph::Nothing => "none",
        Glyph::Idle => "#54aeff",
        Glyph::Frozen => "#b6d7f4",
        Glyph::Reset => "#ffc1ba",
        Glyph::Placing => "#c297ff",
        Glyph::Stopping | Glyph::Reclaimed => "#8c959f",
        Glyph::Invoke => "#2da44e",
        Glyph::Thawed => "#1a7f37",
        Glyph::Init => "#d4a72c",
        Glyph::Refused | Glyph::TimedOut | Glyph::Ails | Glyph::NotStarted | Glyph::Complains => {
            "#cf222e"
        }
        Glyph::Crashed | Glyph::Exited | Glyph::DeploymentFailed => "#a40e26",
        Glyph::Provisioning => "#c297ff",
        Glyph::Pending => "#d4a72c",
        Glyph::Activating | Glyph::Deactivating => "#eac54f",
        Glyph::Running => "#80ccff",
        Glyph::Healthy => "#4ac26b",
        Glyph::TaskStopping => "#8c959f",
        Glyph::Deprovisioning => "#d0d7de",
        Glyph::Stopped => "#57606a",
        Glyph::Restarted => "#bc4c00",
        Glyph::Deploying => "#54aeff",
        Glyph::DeployedWell => "#b6d7f4",
        Glyph::DeployedIll => "#ffc1ba",
        Glyph::Deployed => "#0969da",
        Glyph::Steady => "#1a7f37",
    }
}
