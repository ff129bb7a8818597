-- What is sold is found by any word of what it is called, as people are by any word of their names.
CREATE INDEX products_words ON products USING gin (array_to_tsvector(words_of(title))) WITH (fastupdate = off);
CREATE INDEX listings_words ON listings USING gin (array_to_tsvector(words_of(title))) WITH (fastupdate = off);
DROP INDEX products_title, listings_title;
