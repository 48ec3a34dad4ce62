// The part of JSON Schema (draft-07) that components publish and the host understands:
//
//   type, properties, required, additionalProperties, items, minItems, maxItems, minimum, maximum,
//   exclusiveMinimum, exclusiveMaximum, minLength, maxLength, enum, const, oneOf, default, $ref to
//   #/definitions/<name>, description
//
// and of our own: x-unit; x-spar-path (a text that names a file); x-spar-path-part (a text
// with a file in it: "before_colon", or the whole if "with_slash"); x-spar-kind (a component of
// that kind); x-spar-host (keys that the host reads in a component's node, and the component does
// not); x-spar-on-classes and x-spar-on-values (a default that waits for the data); x-spar-unless
// (a parameter that takes this one's place if given and neither 0 nor false); x-spar-crafts (of a
// method's loss: crafting increases it); x-spar-formerly (the name that the component had before);
// x-spar-version-1 (what defaults were in pipelines of version 1: {"xi": "1e-6"}, or under one norm
// {"list": {"norm": "l1", "was": "[]"}}). Other keywords are ignored. x-spar-words appears only in
// printed schemas.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>

namespace spar::host {

/// What is wrong with the schema of a component called `type`; empty if nothing is. The functions
/// below and the checker accept only well-formed schemas.
std::string schema_fault(const Json &schema, std::string_view type);

/// The schema itself, or the target of its $ref in `root`.
const Json &resolved(const Json &schema, const Json &root);

/// The value of a keyword that is an object or a list; empty if missing.
const Json &members(const Json &schema, const char *keyword);

/// Which values fit, in words: "an integer from 1 to 10", "one of \"a\", \"b\"". Bounds as wide as
/// the number's type are omitted unless `all` is set.
std::string expected(const Json &schema, const Json &root, bool all = false);

/// The schema with "x-spar-words" in each of its parameters, at any depth: the text of expected(),
/// for programs that print it.
Json with_words(Json schema, const Json &root);

/// What a value is, in words: "the text \"abc\"", "a list of 3".
std::string found(const Json &value);

/// "a model", "an attack".
std::string with_article(std::string_view noun);

}  // namespace spar::host
