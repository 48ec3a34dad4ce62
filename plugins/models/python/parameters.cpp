#include "parameters.hpp"

#include <spar/error.hpp>
#include <spar/tensor.hpp>

#include <sstream>

namespace python {

std::vector<Parameter> read_parameters(const std::string &table, SharedMemory &memory) {
    std::vector<Parameter> all;
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string trained, extents;
        Parameter parameter;
        if (!std::getline(fields, trained, '\t') || !std::getline(fields, parameter.name, '\t'))
            throw spar::Error(SPAR_E_INTERNAL, "the table of parameters is malformed: " + line);
        std::getline(fields, extents);
        std::istringstream numbers(extents);
        for (std::int64_t extent = 0; numbers >> extent;) parameter.shape.push_back(extent);
        if (parameter.shape.size() > SPAR_MAX_RANK)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "the parameter " + parameter.name + " has more than 8 dimensions");
        parameter.trainable = trained == "1";
        all.push_back(std::move(parameter));
    }
    std::size_t end = 0;
    std::vector<std::size_t> begins;
    for (const Parameter &parameter : all) {
        const auto bytes =
            aligned(static_cast<std::size_t>(spar::product(parameter.shape)) * sizeof(float));
        begins.push_back(end);
        end += parameter.trainable ? 2 * bytes : bytes;
    }
    memory.adopt(end);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto size = static_cast<std::size_t>(spar::product(all[i].shape));
        all[i].value = memory.at<float>(begins[i]);
        if (all[i].trainable)
            all[i].gradient = memory.at<float>(begins[i] + aligned(size * sizeof(float)));
    }
    return all;
}

}  // namespace python
