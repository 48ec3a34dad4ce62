// The stream of events of a run, and the reporters that hear it.
#pragma once

#include "config/json.hpp"
#include "pipeline/instance.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace spar::host {

class Reporters {
  public:
    explicit Reporters(std::vector<std::unique_ptr<Instance>> reporters)
        : reporters_(std::move(reporters)) {}

    void begin(const std::filesystem::path &folder, const std::string &name, bool terminal);
    /// `step` counts optimizer steps; -1 outside training.
    void event(std::int64_t step, const std::string &path, const std::string &name, double value);
    void finish(const Json &results);

  private:
    std::vector<std::unique_ptr<Instance>> reporters_;
    std::string folder_, name_;
};

}  // namespace spar::host
