#include "weights/convert.hpp"
#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/terminal.hpp"
#include "base/sha256.hpp"
#include "base/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace spar::host {

int convert_command(const Arguments &arguments) {
    const std::filesystem::path from = arguments.operands[0], to = arguments.operands[1];
    const std::string name = to.string();
    if (to.extension() != ".safetensors")
        throw Failure(Exit::usage,
                      "convert: expected the name of a new file that ends in "
                      ".safetensors; found " +
                          quote(name, 200));
    if (std::filesystem::exists(std::filesystem::symlink_status(to)))
        throw Failure(Exit::usage, "convert: " + quote(name, 200) +
                                       " is there already; remove it, or give another name");
    Json converted = convert_weights({from, to, arguments.value("key"), arguments.value("prefix")});
    converted["file"] = name;
    converted["sha256"] = sha256_of_file(to);
    if (arguments.json) {
        print(pretty(converted));
        return 0;
    }
    std::vector<std::string> types;
    for (const auto &[type, count] : converted["types"].items())
        types.push_back(fmt::format("{} of {}", count.get<std::int64_t>(), type));
    print(fmt::format("{}: {} tensors ({}), {} numbers\n", escaped(name, name.size()),
                      converted["tensors"].get<std::int64_t>(), fmt::join(types, ", "),
                      converted["numbers"].get<std::int64_t>()));
    return 0;
}

}  // namespace spar::host
