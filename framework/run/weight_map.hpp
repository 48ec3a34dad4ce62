// Where the model's parameters lie in a weights file that was not written for this model.
#pragma once

#include "plan/plan.hpp"

#include <string>
#include <vector>

namespace spar::host {

/// Names that end in "*" stand for all that begin so; {i} in both sides of a pair of names stands
/// for the same number.
class WeightMap {
  public:
    explicit WeightMap(const WeightsMapPlan &plan) : plan_(plan) {}

    /// Whether the file is taken as it is.
    bool empty() const;
    /// The tensors that make up a parameter, one after the other along the first axis: itself, if
    /// the map does not name it.
    std::vector<std::string> sources(const std::string &parameter) const;
    /// Whether a parameter keeps its initial values.
    bool initial(const std::string &parameter) const;
    /// Whether a tensor with more rows than the parameter gives its first ones.
    bool first_rows(const std::string &parameter) const;
    /// Whether a tensor of the file that no parameter takes is all right.
    bool ignored(const std::string &tensor) const;
    /// The first name in the map that fits none of these parameters; empty if there is none.
    std::string idle(const std::vector<std::string> &parameters) const;

  private:
    WeightsMapPlan plan_;
};

}  // namespace spar::host
