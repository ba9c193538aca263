-- Messages by WhatsApp are conversations too.

ALTER TABLE conversations DROP CONSTRAINT conversations_channel_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_channel_check
    CHECK (channel IN ('call', 'whatsapp'));

-- What is not spoken has no place in a recording: its `start_ms` and `end_ms` are 0.
ALTER TABLE messages ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'speech'
    CHECK (kind IN ('speech', 'template'));

-- A session of messages is over at `ends_at` unless another message comes before.
ALTER TABLE sessions ADD COLUMN ends_at BIGINT;

CREATE INDEX sessions_to_end ON sessions (ends_at) WHERE ends_at IS NOT NULL;

-- The session that a message was sent in, once it was.
ALTER TABLE whatsapp_messages ADD COLUMN session_id TEXT COLLATE "C";

CREATE INDEX whatsapp_messages_by_session ON whatsapp_messages (session_id)
    WHERE session_id IS NOT NULL;
CREATE INDEX whatsapp_messages_by_conversation ON whatsapp_messages (conversation_id, created_at);

-- Of what was sent before, the words were not kept.
INSERT INTO conversations
    (id, workspace_id, agent_id, contact_id, channel, started_at, ended_at, updated_at)
SELECT conversation_id, min(workspace_id), min(agent_id), max(contact_id), 'whatsapp',
    min(created_at), max(updated_at), max(updated_at)
FROM whatsapp_messages WHERE status = 'sent' GROUP BY conversation_id;

UPDATE task_attempts SET conversation_id = (
    SELECT conversation_id FROM whatsapp_messages
    WHERE attempt_id = task_attempts.id AND status = 'sent'
) WHERE id IN (SELECT attempt_id FROM whatsapp_messages WHERE status = 'sent');
