//! The timeline: one lane per instance, service, task and container, drawn from the records alone.
//!
//! Pure: records, a width and whether there are colours go in, text comes out. No terminal is asked anything here and
//! nothing is summed up; that is the summary's.

mod axis;
mod glyph;
mod labels;
mod lanes;
mod perfetto;
mod svg;
mod tasks;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};
use lunch_cloud::Record;
use lunch_contract::{FunctionId, Moment};

use self::axis::Axis;
use self::glyph::Glyph;
use self::lanes::{Lane, Lanes, Row};
use self::tasks::{ContainerLane, Party, TaskLane};
use crate::span;
use crate::task_names::TaskNames;

pub(crate) use self::perfetto::trace;
pub(crate) use self::svg::picture;
pub(crate) use self::told::told;

/// A terminal narrower than this gets lines that are longer than it is.
const WIDTH_MIN: usize = 50;
/// Lanes of instances that are shown where not all are asked for, and as many tasks.
pub(crate) const LANES: usize = 24;
/// What stands to the right of a lane, with the gap before it: ` max 99`.
const RIGHT: usize = 7;
/// And where there are tasks: ` exit 137`.
const RIGHT_OF_TASKS: usize = 9;

/// How the timeline is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Whether escape codes are welcome.
    pub(crate) colour: bool,
    /// How many lanes at most; `None`: all.
    pub(crate) lanes_max: Option<usize>,
    /// What the functions are called.
    pub(crate) names: &'a BTreeMap<FunctionId, String>,
    /// What services and tasks are called.
    pub(crate) tasks: &'a TaskNames,
    /// Where the axis counts from.
    pub(crate) origin: Moment,
    /// Up to when the living have lived.
    pub(crate) until: Moment,
    /// How to see all lanes, for whom not all are shown.
    pub(crate) see_all: &'a str,
}

/// Draws the timeline.
pub(crate) fn render(records: &[(Moment, Record)], view: &View<'_>) -> String {
    let last = records.last().map_or(Moment::ZERO, |(at, _)| *at);
    let lanes = lanes::lanes(records, view.until.max(last), view.tasks);
    if lanes.active.is_empty() {
        return "nothing has happened yet\n".to_owned();
    }
    Drawing::new(lanes, view).draw()
}

struct Drawing<'a> {
    view: &'a View<'a>,
    lanes: Lanes,
    axis: Axis,
    shown: BTreeSet<usize>,
    /// Tasks that are not.
    tasks_hidden: usize,
    labels: usize,
    columns: usize,
    right: usize,
    used: BTreeSet<Glyph>,
    text: String,
}

const RULER: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::BrightBlack)));
const STRONG: Style = Style::new().effects(Effects::BOLD);

impl<'a> Drawing<'a> {
    fn new(mut lanes: Lanes, view: &'a View<'a>) -> Self {
        let most = view.lanes_max.unwrap_or(usize::MAX);
        let shown = choose(&lanes.instances, most);
        let tasks_hidden = tasks::choose(&mut lanes.parties, most);
        let instances = lanes.instances.iter().map(|lane| labels::of_instance(lane, view));
        let rows = rows(&lanes.parties, view).into_iter().map(|(label, ..)| label);
        let widest = instances.chain(rows).map(|label| label.chars().count()).max();
        let labels = widest.unwrap_or(0).max("requests".len());

        let right = if lanes.parties.is_empty() { RIGHT } else { RIGHT_OF_TASKS };
        let columns = view.width.max(WIDTH_MIN).saturating_sub(labels + 1 + right);
        let axis = Axis::new(&lanes::join(lanes.active.clone()), columns);
        let (used, text) = (BTreeSet::new(), String::new());
        Self { view, lanes, axis, shown, tasks_hidden, labels, columns, right, used, text }
    }

    fn draw(mut self) -> String {
        self.ruler();
        self.customers();
        let instances = std::mem::take(&mut self.lanes.instances);
        for index in self.shown.clone() {
            self.lane(&instances[index]);
        }
        self.refused();
        let hidden = instances.len() - self.shown.len();
        if hidden > 0 {
            let see_all = self.view.see_all;
            let line = format!("{hidden} more instances are not drawn ({see_all})");
            self.line("...", RULER, &self.paint(&line, RULER), "");
        }
        let parties = std::mem::take(&mut self.lanes.parties);
        for (label, row, right) in rows(&parties, self.view) {
            self.row(&label, row, &right);
        }
        if self.tasks_hidden > 0 {
            let line = not_drawn(self.tasks_hidden, self.view);
            self.line("...", RULER, &self.paint(&line, RULER), "");
        }
        self.legend();
        self.text
    }

    /// Two lines: the labels, and the ruler with its ticks and break marks.
    fn ruler(&mut self) {
        let mut labels = vec![' '; self.columns + self.right];
        let mut ruler = vec!['─'; self.columns];
        for piece in &self.axis.pieces {
            for (column, char) in piece.fold.iter().flat_map(|mark| mark.chars()).enumerate() {
                ruler[piece.start + column] = char;
            }
        }
        let mut free = 0;
        for (column, text) in self.axis.ticks(self.view.origin) {
            ruler[column] = '┬';
            if column < free || column + text.len() > labels.len() {
                continue;
            }
            for (at, char) in text.chars().enumerate() {
                labels[column + at] = char;
            }
            free = column + text.len() + 1;
        }
        let labels: String = labels.into_iter().collect();
        let ruler: String = ruler.into_iter().collect();
        self.line("", RULER, &self.paint(labels.trim_end(), RULER), "");
        self.line("", RULER, &self.paint(&ruler, RULER), "");
    }

    /// How many requests are in flight, as a row of bars.
    fn customers(&mut self) {
        const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let most = self.lanes.in_flight.iter().map(|(_, count)| *count).max().unwrap_or(0);
        if most == 0 {
            return;
        }
        let mut row = vec![0; self.columns];
        let (mut column, mut count) = (0, 0);
        for (at, then) in &self.lanes.in_flight {
            let next = self.axis.column(*at);
            for between in &mut row[column..=next] {
                *between = count.max(*between);
            }
            (column, count) = (next, *then);
            row[column] = count.max(row[column]);
        }
        let bar = |count: u32| BARS[(count as usize * 8).div_ceil(most as usize).min(8)];
        let row: String = row.into_iter().map(bar).collect();
        self.line("requests", STRONG, &self.paint(row.trim_end(), STRONG), &format!("max {most}"));
    }

    fn lane(&mut self, lane: &Lane) {
        let served = format!("x{}", lane.invocations);
        self.row(&labels::of_instance(lane, self.view), &lane.row, &served);
    }

    fn row(&mut self, label: &str, row: &Row, right: &str) {
        let mut cells = vec![Glyph::Nothing; self.columns];
        for stretch in &row.stretches {
            let (from, to) = (self.axis.column(stretch.from), self.axis.column(stretch.to));
            for cell in &mut cells[from..=to] {
                *cell = stretch.glyph.max(*cell);
            }
        }
        for mark in &row.marks {
            let cell = &mut cells[self.axis.column(mark.at)];
            *cell = (*cell).max(mark.glyph);
        }
        let cells = self.cells(&cells);
        self.line(label, Style::new(), &cells, right);
    }

    /// When requests were throttled: they have no instance to be drawn in.
    fn refused(&mut self) {
        if self.lanes.refused.is_empty() {
            return;
        }
        let mut row = vec![Glyph::Nothing; self.columns];
        for at in &self.lanes.refused {
            row[self.axis.column(*at)] = Glyph::Refused;
        }
        let cells = self.cells(&row);
        let count = format!("x{}", self.lanes.refused.len());
        self.line("throttled", Style::new(), &cells, &count);
    }

    /// The characters of a lane, a style for each run of the same glyph; a fold shows its waves.
    fn cells(&mut self, row: &[Glyph]) -> String {
        let mut text = String::new();
        let mut column = 0;
        while column < row.len() {
            let glyph = row[column];
            let same = row[column..].iter().take_while(|next| **next == glyph).count();
            let run: String = (column..column + same).map(|at| self.char(glyph, at)).collect();
            text.push_str(&self.paint(&run, glyph.style()));
            self.used.insert(glyph);
            column += same;
        }
        text
    }

    fn char(&self, glyph: Glyph, column: usize) -> char {
        let edge = self
            .axis
            .pieces
            .iter()
            .filter(|piece| piece.fold.is_some())
            .any(|piece| column == piece.start || column + 1 == piece.start + piece.columns);
        if edge && glyph != Glyph::Nothing { '~' } else { glyph.char() }
    }

    fn legend(&mut self) {
        let room = self.view.width.max(WIDTH_MIN).saturating_sub(self.labels + 1);
        let (mut line, mut length) = (String::new(), 0);
        let mut entries: Vec<(String, usize)> = Glyph::LEGEND
            .iter()
            .filter(|glyph| self.used.contains(glyph))
            .map(|glyph| {
                let char = self.paint(&glyph.char().to_string(), glyph.style());
                (format!("{char} {}", glyph.word()), 2 + glyph.word().len())
            })
            .collect();
        let scale = format!("one column: {}", span::show(self.axis.per_column));
        entries.push((self.paint(&scale, RULER), scale.len()));
        for (entry, entry_length) in entries {
            if length > 0 && length + 3 + entry_length > room {
                self.line("", RULER, &line, "");
                (line, length) = (String::new(), 0);
            }
            if length > 0 {
                line.push_str("   ");
                length += 3;
            }
            line.push_str(&entry);
            length += entry_length;
        }
        self.line("", RULER, &line, "");
    }

    fn line(&mut self, label: &str, style: Style, body: &str, right: &str) {
        let padding = " ".repeat(self.labels.saturating_sub(label.chars().count()));
        let label = self.paint(label, style);
        let width = anstyle_width(body);
        let gap = " ".repeat((self.columns + 1).saturating_sub(width));
        let line = if right.is_empty() {
            format!("{label}{padding} {body}")
        } else {
            format!("{label}{padding} {body}{gap}{right}")
        };
        writeln!(self.text, "{}", line.trim_end()).expect("a string takes what is written");
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.view.colour && style != Style::new() && !text.trim().is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Characters without the escape codes, which all end in `m` here.
fn anstyle_width(text: &str) -> usize {
    let mut inside = false;
    text.chars()
        .filter(|char| {
            let counts = !inside && *char != '\u{1b}';
            inside = (inside || *char == '\u{1b}') && *char != 'm';
            counts
        })
        .count()
}

/// Which lanes are drawn: the troubled ones before all, then the first born; in order of birth.
fn choose(lanes: &[Lane], most: usize) -> BTreeSet<usize> {
    let troubled = (0..lanes.len()).filter(|index| lanes[*index].troubled());
    let rest = (0..lanes.len()).filter(|index| !lanes[*index].troubled());
    troubled.chain(rest).take(most).collect()
}

/// The lanes of services, their tasks, and the containers of tasks that have several: label, row, and what stands to the
/// right.
fn rows<'a>(parties: &'a [Party], view: &View<'_>) -> Vec<(String, &'a Row, String)> {
    let mut all = Vec::new();
    for party in parties {
        if let Some(service) = party.service {
            all.push((labels::of_service(service, view), &party.row, String::new()));
        }
        for lane in &party.tasks {
            let only = if let [only] = lane.containers.as_slice() { Some(only) } else { None };
            let ending = only.map(labels::ending).unwrap_or_default();
            all.push((labels::of_task(lane, view), &lane.row, ending));
            all.extend(containers(lane, view));
        }
    }
    all
}

/// The lanes of a task's containers, where it has several.
fn containers<'a>(
    lane: &'a TaskLane,
    view: &View<'_>,
) -> impl Iterator<Item = (String, &'a Row, String)> {
    let several = (lane.containers.len() > 1).then_some(&lane.containers);
    let of = |one: &'a ContainerLane| {
        let label = labels::of_container(lane, one.place, view);
        (label, &one.row, labels::ending(one))
    };
    several.into_iter().flatten().map(of)
}

/// That not all tasks are drawn.
fn not_drawn(tasks: usize, view: &View<'_>) -> String {
    format!("{tasks} more tasks are not drawn ({})", view.see_all)
}

#[cfg(test)]
mod tests;
