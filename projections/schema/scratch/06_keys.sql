-- The subjects of one derivation: those a batch touched (round 0), then their neighbours, round by round.
CREATE TABLE IF NOT EXISTS $scratch.keys
(hour DateTime('UTC'), site_id String, kind String, id String, round UInt32) ENGINE = Memory
