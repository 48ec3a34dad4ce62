// What has a name in a pipeline without being a component: the parts of the host's own grammar
// ("train", "threat"), and those that components are made of ("conv", a layer of the model
// "sequential").
#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace spar::host {

class Registry;

struct Part {
    std::string name;    // "conv"
    std::string where;   // "one of \"layers\" of the model \"sequential\""
    const Json *schema;  // of it
    const Json *root;    // that its references lead into
    std::string path{};  // "train.schedule"; empty: none
};

/// All of them, the pipeline itself first, outer ones before inner ones; of the pipeline's own
/// grammar every key, however simple its value.
std::vector<Part> all_parts(const Registry &registry);

/// The printed description of a part.
std::string part_text(const Part &part, std::size_t width);
Json part_json(const Part &part);

}  // namespace spar::host
