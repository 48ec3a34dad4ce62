// The stream of a run's events, and the reporters that receive it.
#pragma once

#include "base/json.hpp"
#include "instances/instance.hpp"
#include "plan/plan.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

class Reporters {
  public:
    explicit Reporters(std::vector<std::unique_ptr<Instance>> reporters)
        : reporters_(std::move(reporters)) {}

    /// Throws Failure if a reporter cannot begin. After that a reporter cannot stop the run: one
    /// that fails is dropped, with a warning.
    void begin(const std::filesystem::path &folder, const std::string &name, bool terminal);
    /// `step` counts optimizer steps; -1 outside training.
    void event(std::int64_t step, const std::string &path, const std::string &name, double value);
    void finish(const Json &results);
    /// The first failure of a reporter since begin().
    const std::optional<Failure> &failure() const { return failure_; }

  private:
    template <class Function>
    void tell_all(const char *what, Function &&function);

    std::vector<std::unique_ptr<Instance>> reporters_;
    std::optional<Failure> failure_;
    std::string folder_, name_;
};

/// Those that the plan names, and the default ones.
std::unique_ptr<Reporters> build_reporters(const Plan &plan, const Registry &registry,
                                           const Builder &builder);

}  // namespace spar::host
