#include "layers/names.hpp"

#include <set>

namespace sequential {
namespace {

void note(const Layers &layers, const std::string &prefix, const std::string &pointer,
          std::set<std::string> &known) {
    for (std::size_t i = 0; i < layers.parts().size(); ++i) {
        const Layer &layer = *layers.parts()[i];
        const std::string own = layer.name();
        const std::string name = prefix + (own.empty() ? std::to_string(i) : own);
        const std::string here = pointer + "/" + std::to_string(i);
        const auto parts = layer.parts();
        if (layer.has_parameters() && parts.empty() && !known.insert(name).second)
            throw spar::invalid("two layers with parameters are called \"" + name +
                                    "\", by their names or by their places; give them different "
                                    "names",
                                own.empty() ? here : here + "/name");
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
