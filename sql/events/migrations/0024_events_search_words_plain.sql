-- Adds the words without accents to the search words, so that `kovac` finds Kovač.
--
-- As `storage/search_words.py` computes them. A row that an instance of an earlier version changes afterwards lacks them
-- until its texts change again; it is found with accents.
UPDATE events
SET search_words = array_to_tsvector(
    ARRAY(
        SELECT word
        FROM unnest(tsvector_to_array(search_words)) AS stored (lexeme)
        CROSS JOIN LATERAL (
            SELECT normalize(
                translate(regexp_replace(normalize(lexeme, NFD), '[\u0300-\u036f]', '', 'g'), 'łøđı', 'lodi'), NFC
            )
        ) AS computed (plain)
        CROSS JOIN LATERAL unnest(ARRAY[lexeme, plain]) AS words (word)
        WHERE word <> ''
    )
)
WHERE octet_length(CAST(search_words AS TEXT)) <> char_length(CAST(search_words AS TEXT))
