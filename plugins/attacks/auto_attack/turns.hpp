// A list of attacks that run in turn, with their names in the papers.
#pragma once

#include <spar/children.hpp>

#include <string>
#include <vector>

namespace auto_attack {

class Turns final : public spar::Field {
  public:
    Turns(spar::Record *owner, const std::string &name, const std::string &help,
          spar::ChildRule rule)
        : Field(owner, name, help), attacks_(&nobody_, name, SPAR_KIND_ATTACK, help, rule) {}

    bool required() const override { return attacks_.required(); }
    void describe(spar::JsonObject &schema, spar::Definitions &definitions) const override {
        attacks_.describe(schema, definitions);
    }
    void read(const spar::Reader &reader) override {
        attacks_.read(reader);
        stages_.clear();
        for (std::int64_t i = 0; i < reader.size(); ++i)
            stages_.push_back(std::to_string(i + 1) + ' ' + called(reader.at(i)));
    }

    const std::vector<spar_component_ref> &refs() const { return attacks_.refs(); }
    /// "1 apgd-ce"
    const std::string &stage(std::size_t turn) const { return stages_[turn]; }

  private:
    /// "apgd-ce", "apgd-t": its type, and what distinguishes it from others of that type.
    static std::string called(const spar::Reader &node) {
        const std::string type = node.at("type").text();
        const spar::Reader loss = node.at("loss").at("type");
        if (aims(node.at("targets"))) return type + "-t";
        if (loss.kind() != SPAR_VALUE_STRING) return type;
        return type + '-' + (loss.text() == "cross_entropy" ? "ce" : loss.text());
    }

    static bool aims(const spar::Reader &targets) {
        double count = 0;
        if (targets.kind() != SPAR_VALUE_NUMBER) return false;
        spar::checked([&](spar_error *e) {
            return targets.host->get_number(targets.params, targets.pointer.c_str(), &count, e);
        });
        return count > 0;
    }

    spar::Record nobody_;  // the nominal owner of attacks_; the real one owns this field
    spar::Children attacks_;
    std::vector<std::string> stages_;
};

}  // namespace auto_attack
