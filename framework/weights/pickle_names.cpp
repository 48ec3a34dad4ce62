#include "weights/pickle_names.hpp"

#include <map>

namespace spar::host {

std::string storage_type(std::string_view name) {
    static const std::map<std::string_view, const char *> types{
        {"torch.FloatStorage", "F32"}, {"torch.DoubleStorage", "F64"},
        {"torch.HalfStorage", "F16"},  {"torch.BFloat16Storage", "BF16"},
        {"torch.LongStorage", "I64"},  {"torch.IntStorage", "I32"},
        {"torch.ShortStorage", "I16"}, {"torch.CharStorage", "I8"},
        {"torch.ByteStorage", "U8"},   {"torch.BoolStorage", "BOOL"}};
    const auto found = types.find(name);
    return found == types.end() ? "" : found->second;
}

std::optional<PickleName> pickle_name(std::string_view name) {
    using enum PickleName;
    static const std::map<std::string_view, PickleName> names{
        {"collections.OrderedDict", ordered_dict},
        {"torch._utils._rebuild_tensor", tensor},
        {"torch._utils._rebuild_tensor_v2", tensor},
        {"torch._utils._rebuild_parameter", parameter},
        {"torch._utils._rebuild_parameter_with_state", parameter},
        {"torch.Size", size},
        // In the states of optimizers and schedules, and among settings.
        {"collections.Counter", plain},
        {"collections.defaultdict", plain},
        {"torch.device", plain},
        {"torch.float32", plain},
        {"torch.float64", plain},
        {"torch.float16", plain},
        {"torch.bfloat16", plain},
        {"torch.int64", plain},
        {"torch.int32", plain},
        {"torch.int16", plain},
        {"torch.int8", plain},
        {"torch.uint8", plain},
        {"torch.bool", plain}};
    if (!storage_type(name).empty()) return storage;
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace spar::host
