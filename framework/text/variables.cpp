#include "base/problems.hpp"
#include "base/secrets.hpp"
#include "base/words.hpp"
#include "text/source.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

constexpr std::size_t most_put_in = 1U << 20;
constexpr std::size_t most_problems = 100;

/// Bytes of text in a value plus one per part, counted up to `most`.
std::size_t weight(const Json &value, std::size_t most) {
    if (value.is_string()) return 1 + value.get_ref<const std::string &>().size();
    std::size_t sum = 1;
    if (value.is_structured())
        for (const Json &part : value)
            if ((sum += weight(part, most)) > most) break;
    return sum;
}

/// The value of a variable, and where it was written.
struct Value {
    Json json;
    Origins origins;
    std::string pointer;  // among these origins
};

class Substitution {
  public:
    explicit Substitution(Source &source) : source_(source) {}

    void run() {
        if (const auto vars = source_.root.find("vars"); vars != source_.root.end()) {
            vars_ = *vars;
            source_.root.erase("vars");
        }
        if (!vars_.is_object()) {
            problem("/vars", "expected an object, the variables' names and values");
            vars_ = Json::object();
        }
        walk(source_.root, "");
        for (const auto &[name, value] : vars_.items())
            if (!used_.contains(name)) {
                const std::string place = child_pointer("/vars", name);
                source_.warnings.push_back(
                    {"#" + place, "this variable is not used: leave it out, or put \"${" + name +
                                      "}\" where it belongs"});
            }
        if (!problems_.empty()) throw PipelineError(std::move(problems_));
    }

  private:
    void problem(const std::string &pointer, std::string message) {
        problems_.push_back(
            {source_.origins.at(pointer).label + "#" + pointer, std::move(message)});
    }

    void walk(Json &node, const std::string &pointer) {
        if (problems_.size() >= most_problems) return;
        if (node.is_string()) {
            text(node, pointer);
        } else if (node.is_array()) {
            for (std::size_t i = 0; i < node.size(); ++i) walk(node[i], child_pointer(pointer, i));
        } else if (node.is_object()) {
            for (auto it = node.begin(); it != node.end(); ++it)
                walk(it.value(), child_pointer(pointer, it.key()));
        }
    }

    /// Replaces the variables in one text.
    void text(Json &node, const std::string &pointer) {
        const auto text = node.get<std::string>();
        if (text.find("${") == std::string::npos) return;
        std::string out;
        for (std::size_t i = 0; i < text.size();) {
            if (text.compare(i, 3, "$${") == 0) {
                out += "${";
                i += 3;
            } else if (text.compare(i, 2, "${") != 0) {
                out += text[i++];
            } else {
                const std::size_t end = text.find('}', i);
                if (end == std::string::npos)
                    return problem(pointer, "\"${\" without \"}\" (\"$${\" stands for \"${\")");
                const std::optional<Value> value = named(text.substr(i + 2, end - i - 2), pointer);
                if (!value) return;
                if (i == 0) source_.origins.copy(pointer, value->origins, value->pointer);
                if (i == 0 && end + 1 == text.size()) {
                    node = value->json;
                    return;
                }
                if (!put(out, *value, pointer)) return;
                i = end + 1;
            }
        }
        node = out;
    }

    bool put(std::string &out, const Value &value, const std::string &pointer) {
        if (value.json.is_structured()) {
            problem(pointer, "a list or an object cannot be put inside a text");
            return false;
        }
        out += value.json.is_string() ? value.json.get<std::string>() : value.json.dump();
        return true;
    }

    std::optional<Value> named(const std::string &name, const std::string &pointer) {
        if (name.starts_with("env:")) return environment(name.substr(4), pointer);
        if (name.starts_with("secret:")) return secret(name.substr(7), pointer);
        const auto found = vars_.find(name);
        if (found == vars_.end()) {
            std::vector<std::string> known;
            for (const auto &[var, value] : vars_.items()) known.push_back(var);
            const std::string hint = did_you_mean(name, known);
            problem(pointer, "the variable " + quote(name) + " is not defined in \"vars\"" +
                                 (hint.empty() ? "" : "; " + hint));
            return std::nullopt;
        }
        used_.insert(name);
        if (!open_.insert(name).second) {
            problem(pointer, "the variable " + quote(name) + " is made of itself");
            return std::nullopt;
        }
        const std::string place = child_pointer("/vars", name);
        if (!done_.contains(name)) {
            walk(*found, place);
            done_.insert(name);
        }
        open_.erase(name);
        put_in_ += weight(*found, most_put_in);
        if (put_in_ > most_put_in) {
            if (!too_much_) problem(pointer, "what the variables stand for grows beyond 1 MiB");
            too_much_ = true;
            return std::nullopt;
        }
        return Value{*found, source_.origins, place};
    }

    std::optional<Value> environment(const std::string &name, const std::string &pointer) {
        const char *value = std::getenv(name.c_str());
        if (value == nullptr || !valid_utf8(value)) {
            problem(pointer, "the variable " + quote(name) + " of the environment is " +
                                 (value == nullptr ? "not set" : "not UTF-8"));
            return std::nullopt;
        }
        return Value{value, Origins({std::filesystem::current_path(), "${env:" + name + "}"}), ""};
    }

    std::optional<Value> secret(const std::string &name, const std::string &pointer) {
        const std::optional<Value> value = environment(name, pointer);
        if (!value) return std::nullopt;
        const auto text = value->json.get<std::string>();
        if (text.size() < shortest_secret) {
            problem(pointer, "the secret " + quote(name) + " has fewer than " +
                                 std::to_string(shortest_secret) +
                                 " bytes, too few to keep; ${env:" + name + "} takes any");
            return std::nullopt;
        }
        keep_secret(name, text);
        return value;
    }

    Source &source_;
    Json vars_ = Json::object();
    std::set<std::string> used_, open_, done_;
    std::size_t put_in_ = 0;
    bool too_much_ = false;
    std::vector<Problem> problems_;
};

}  // namespace

void substitute_variables(Source &source) {
    Substitution(source).run();
}

}  // namespace spar::host
