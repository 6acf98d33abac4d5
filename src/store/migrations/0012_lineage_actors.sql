-- Who made what stands in the lineage; '' of what programs before this column noted.
ALTER TABLE lineage_nodes ADD COLUMN actor TEXT NOT NULL DEFAULT '';
