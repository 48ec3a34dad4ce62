#include "layers/names.hpp"

#include <set>

namespace sequential {
namespace {

bool lies_in(const std::string &name, const std::string &module) {
    return name.size() > module.size() && name.starts_with(module) && name[module.size()] == '.';
}

void note(const Layers &layers, const std::string &prefix, const std::string &pointer,
          std::set<std::string> &known) {
    for (std::size_t i = 0; i < layers.parts().size(); ++i) {
        const Layer &layer = *layers.parts()[i];
        const std::string own = layer.name();
        const std::string name = prefix + (own.empty() ? std::to_string(i) : own);
        const std::string here = pointer + "/" + std::to_string(i);
        const auto parts = layer.parts();
        if (layer.has_parameters() && parts.empty()) {
            const std::string place = own.empty() ? here : here + "/name";
            for (const std::string &other : known)
                if (lies_in(name, other) || lies_in(other, name))
                    throw spar::invalid("the layers \"" + other + "\" and \"" + name +
                                            "\" both have parameters, and by its name one would "
                                            "lie in the other; give them different names",
                                        place);
            if (!known.insert(name).second)
                throw spar::invalid("two layers with parameters are called \"" + name +
                                        "\", by their names or by their places; give them "
                                        "different names",
                                    place);
        }
        for (const Layers *part : parts)
            note(*part, name + "." + part->name() + ".", here + "/" + part->name(), known);
    }
}

}  // namespace

void require_different_names(const Layers &layers) {
    std::set<std::string> known;
    note(layers, "", "/" + layers.name(), known);
}

}  // namespace sequential
