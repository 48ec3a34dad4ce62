// Checks a value against a schema and fills in defaults, in one pass that finds all problems.
#pragma once

#include "base/json.hpp"
#include "base/problems.hpp"
#include "plan/plan.hpp"

#include <spar/abi.h>

#include <string>
#include <vector>

namespace spar::host {

class Origins;
class Registry;

class Checker {
  public:
    Checker(const Registry &registry, const Origins &origins)
        : registry_(registry), origins_(origins) {}

    /// Checks `node`, which is at `pointer`. Missing values get their defaults, which are checked
    /// like any other; file names become absolute; fractions become numbers; components are looked
    /// up in the registry and checked by their own schemas. `root` holds the definitions that
    /// `schema` refers to.
    void check(Json &node, const Json &schema, const Json &root, const std::string &pointer);

    /// Whether there is a component of this name.
    bool known(spar_kind kind, const std::string &type) const;

    void problem(const std::string &pointer, std::string message);
    /// The values that name files, in order of appearance.
    const std::vector<NamedFile> &files() const { return files_; }
    const std::vector<Problem> &problems() const { return problems_; }

  private:
    void references(Json &node, const Json &schema, const Json &root, const std::string &pointer);
    void component(Json &node, const Json &place, const Json &root, const std::string &pointer);
    void unknown_component(const std::string &kind, const std::string &type,
                           const std::string &pointer);
    void unknown_plugin(const std::string &kind, const std::string &type, const std::string &file,
                        const std::string &place);
    void one_of(Json &node, const Json &choices, const Json &root, const std::string &pointer);
    bool part(Json &node, const Json &choices, const Json &root, const std::string &pointer);
    void value(Json &node, const Json &schema, const Json &root, const std::string &pointer);
    void number(const Json &node, const Json &schema, const Json &root, const std::string &pointer);
    void array(Json &node, const Json &schema, const Json &root, const std::string &pointer);
    void object(Json &node, const Json &schema, const Json &root, const std::string &pointer);
    void path(Json &node, const Json &schema, const std::string &pointer);
    bool full() const;

    const Registry &registry_;
    const Origins &origins_;
    std::vector<Problem> problems_;
    std::vector<NamedFile> files_;
    std::size_t depth_ = 0, checks_ = 0;
};

}  // namespace spar::host
