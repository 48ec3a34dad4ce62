// Layers over the positions of a text, computed slowly and plainly.
#pragma once

#include "reference.hpp"

#include <optional>

namespace reference {

using TextLayer = std::function<Tensor(const fixture::Json &layer, const std::string &name,
                                       const Parameters &, const Tensor &)>;

/// What attention adds to its logits, and the values of its logits and maps in the last row, by the
/// name of the site; 0 at masked pairs.
struct Taps {
    std::map<std::string, std::vector<double>> add, values;
};
/// Of the passes at hand; null: none.
extern Taps *taps;

/// What computes a layer of this type; nothing for others.
std::optional<TextLayer> text_layer(const std::string &type);

Tensor attention(const fixture::Json &layer, const std::string &name, const Parameters &,
                 const Tensor &);
Tensor transformer(const fixture::Json &layer, const std::string &name, const Parameters &,
                   const Tensor &);
Tensor conv1d(const fixture::Json &layer, const std::string &name, const Parameters &,
              const Tensor &);
Tensor patches(const fixture::Json &layer, const std::string &name, const Parameters &,
               const Tensor &);
/// lstm and gru.
Tensor recurrent(const fixture::Json &layer, const std::string &name, const Parameters &,
                 const Tensor &);

}  // namespace reference
