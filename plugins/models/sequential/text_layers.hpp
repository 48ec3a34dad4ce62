// The layers of models of text as parameters of the pipeline.
#pragma once

#include "layers.hpp"

namespace sequential {

constexpr char mean_pool[] = "mean_pool";

class EmbeddingLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("embedding");
        spec.out = *dim_;
        spec.vocabulary = vocabulary_.value_or(0);
        spec.deviation = {*deviation_};
        return spec;
    }

  private:
    spar::Integer dim_{this, "dim", "values of a token's vector", {.min = 1, .max = 1 << 20}};
    spar::Integer vocabulary_{this,
                              "vocabulary",
                              "number of tokens, padding included; left out, the data's",
                              {.min = 1, .max = 1 << 28, .optional = true}};
    spar::Number deviation_{this,
                            "std",
                            "of the normal numbers that the vectors start as; 1 as PyTorch's",
                            {.fallback = 1, .min = 0}};
};

}  // namespace sequential
