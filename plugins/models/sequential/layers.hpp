// The layers as parameters of the pipeline.
#pragma once

#include "spec.hpp"

#include <spar/component.hpp>

namespace sequential {

/// What all layers share.
class Layer : public spar::Record {
  public:
    virtual LayerSpec spec() const = 0;

  protected:
    LayerSpec start(const char *type) const;

  private:
    spar::Text name_{this,
                     "name",
                     "of its parameters, as in conv1.weight; without it the place in the list",
                     {.optional = true}};
};

/// All kinds of layer.
const std::vector<spar::Variant<Layer>> &layer_kinds();

std::vector<LayerSpec> specs_of(const spar::Variants<Layer> &layers);

/// Throws spar::Error at a layer whose parameters would have the names of another one's.
void require_different_names(const std::vector<LayerSpec> &layers);

}  // namespace sequential
