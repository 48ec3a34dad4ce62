// Layers over the positions of a text, computed slowly and plainly.
#pragma once

#include "reference.hpp"

#include <optional>

namespace reference {

using TextLayer = std::function<Tensor(const fixture::Json &layer, const std::string &name,
                                       const Parameters &, const Tensor &)>;

/// What computes a layer of this type; nothing for others.
std::optional<TextLayer> text_layer(const std::string &type);

Tensor conv1d(const fixture::Json &layer, const std::string &name, const Parameters &,
              const Tensor &);
Tensor patches(const fixture::Json &layer, const std::string &name, const Parameters &,
               const Tensor &);
/// lstm and gru.
Tensor recurrent(const fixture::Json &layer, const std::string &name, const Parameters &,
                 const Tensor &);

}  // namespace reference
