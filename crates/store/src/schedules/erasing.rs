//! What goes of appointments when a person is erased. That there was one, and when, stays: its time
//! is the schedule's. `$1` is the contact, `$2` the workspace.

/// Requests come first: those that are about an appointment of the person are found by it. One that
/// waits is withdrawn.
pub(crate) const ERASE_REQUESTS: &str = "
    UPDATE appointment_requests
    SET contact_name = NULL, contact_surname = NULL, contact_email = NULL, contact_phone = NULL,
        title = '', description = NULL, notes = NULL, approval_note = NULL,
        rejection_reason = NULL, contact_id = NULL, former_number = NULL, former_email = NULL,
        status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END
    WHERE workspace_id = $2 AND (contact_id = $1 OR appointment_id IN (
        SELECT id FROM appointments WHERE contact_id = $1 AND workspace_id = $2
    ))";

pub(crate) const ERASE_APPOINTMENTS: &str = "
    UPDATE appointments
    SET title = '', description = NULL, notes = NULL, custom_answers = '{}',
        cancellation_reason = NULL, contact_id = NULL, former_number = NULL, former_email = NULL
    WHERE workspace_id = $2 AND contact_id = $1";
