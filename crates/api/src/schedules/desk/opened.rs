//! The schedules that an agent books in.

use store::Store;
use uuid::Uuid;

use super::replies::{Halt, refused};
use super::wanted::Wanted;
use crate::schedules::LONGEST_LIST;
use crate::schedules::booking::settings::{Assignment, Booking, MOST_ASSIGNMENTS};
use crate::schedules::place::Place;
use crate::schedules::schedule::Details;

/// A schedule that an agent books in, and by which rules.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) assignment: Assignment,
}

/// The schedules that are assigned to an agent, then those that name it among their `ai_agents`.
pub(super) async fn of_agent(store: &Store, agent: Uuid) -> Result<Vec<Opened>, Halt> {
    let booking = match store.agent_booking(agent).await? {
        Some(stored) => serde_json::from_value(stored.settings)?,
        None => Booking::default(),
    };
    let mut assignments = booking.schedule_assignments;
    for schedule in store.schedules(None, LONGEST_LIST).await? {
        let is_assigned = assignments.iter().any(|it| it.schedule_uuid == schedule.id);
        if !is_assigned && Details::read(schedule.details)?.ai_agents.contains(&agent) {
            assignments.push(Assignment::plain(schedule.id));
        }
    }
    let mut opened = Vec::new();
    for assignment in assignments.into_iter().take(MOST_ASSIGNMENTS) {
        // One that was deleted is not booked in any more.
        let Some(schedule) = store.schedule(assignment.schedule_uuid).await? else {
            continue;
        };
        let name = assignment
            .name
            .as_ref()
            .map(|name| name.0.trim().to_owned());
        opened.push(Opened {
            name: name.unwrap_or_else(|| schedule.name.clone()),
            place: Place::of(store, schedule).await?,
            assignment,
        });
    }
    Ok(opened)
}

/// Those that are wanted: all, or those of the name that is given.
pub(super) fn chosen<'a>(opened: &'a [Opened], wanted: &Wanted) -> Result<Vec<&'a Opened>, Halt> {
    let Some(name) = wanted.text("schedule", 255) else {
        return Ok(opened.iter().collect());
    };
    let name = name.to_lowercase();
    let like = |fits: &dyn Fn(&str) -> bool| -> Vec<&'a Opened> {
        let named = opened.iter();
        named.filter(|one| fits(&one.name.to_lowercase())).collect()
    };
    let mut found = like(&|one| one == name);
    if found.is_empty() {
        found = like(&|one| one.contains(&name) || name.contains(one));
    }
    if found.is_empty() {
        let names: Vec<&str> = opened.iter().map(|one| one.name.as_str()).collect();
        let told = format!(
            "There is no schedule of that name. There are: {}.",
            names.join(", ")
        );
        return Err(Halt(refused(told)));
    }
    Ok(found)
}

impl Opened {
    /// What the model has to know of it beside its hours: what it is for, and who keeps it.
    pub(super) fn described(&self) -> Option<String> {
        let mut parts = Vec::new();
        let about = self.assignment.description.as_ref();
        if let Some(about) = about.map(|it| it.0.trim()).filter(|it| !it.is_empty()) {
            parts.push(about.trim_end_matches('.').to_owned());
        }
        let people = &self.place.details.human_agents;
        if !people.is_empty() {
            parts.push(format!("kept by {}", people.join(", ")));
        }
        (!parts.is_empty()).then(|| format!("{}: {}.", self.name, parts.join("; ")))
    }

    /// That a person has to agree first, and how soon they do.
    pub(super) fn is_asked(&self) -> String {
        match self.assignment.decided_within() {
            Some(time) => format!(
                "Somebody has to agree to that, which takes up to {}.",
                time.in_words()
            ),
            None => "Somebody has to agree to that first.".to_owned(),
        }
    }
}
