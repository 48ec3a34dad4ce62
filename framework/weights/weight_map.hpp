// Where the model's parameters lie in a weights file that was not written for this model.
#pragma once

#include "plan/weights_map.hpp"

#include <map>
#include <string>
#include <vector>

namespace spar::host {

/// Names that end in "*" stand for all that begin so; {i}, {j} and {k} in both sides of a pair of
/// names stand for the same numbers.
class WeightMap {
  public:
    /// `tensors`: the file's names. Throws std::runtime_error with all that does not fit them: a
    /// prefix or an entry of "rename" that matches none, names that become the same.
    WeightMap(const WeightsMapPlan &plan, const std::vector<std::string> &tensors);

    /// Whether the file's names are taken as they are.
    bool plain() const { return plan_.prefix.empty() && plan_.rename.empty(); }
    bool strict() const { return plan_.strict; }
    struct Source {
        std::string name;  // the file's; if it is not there, that by which it was looked for
        bool there = false;
    };
    /// The tensors that make up a parameter, one after the other along the first axis.
    std::vector<Source> sources(const std::string &parameter) const;
    /// Whether a parameter keeps its initial values.
    bool initial(const std::string &parameter) const;
    /// Whether a tensor with more rows than the parameter gives its first ones.
    bool first_rows(const std::string &parameter) const;
    /// Whether a tensor of the file that no parameter takes is all right.
    bool ignored(const std::string &tensor) const;
    /// The first name in the map that fits none of these parameters; empty if there is none.
    std::string idle(const std::vector<std::string> &parameters) const;

  private:
    std::string without_prefix(const std::string &tensor) const;
    std::string renamed(const std::string &tensor, std::vector<bool> &used) const;

    WeightsMapPlan plan_;
    std::map<std::string, std::string> by_parameter_;  // the file's name of each
    std::map<std::string, std::string> by_tensor_;     // the file's name, by that without prefix
};

}  // namespace spar::host
