namespace Valkey.Turbo.Lua.Compiler;

/// <summary>Collects the instructions, constants and names of one function and hands out its registers.</summary>
internal sealed class FunctionBuilder(FunctionBuilder? parent, FunctionBody body, string chunk, LuaString source)
{
    private readonly List<ulong> _code = [];
    private readonly List<int> _lines = [];
    private readonly List<LuaValue> _constants = [];
    private readonly List<Prototype> _prototypes = [];
    private readonly List<OperandName> _names = [];
    private readonly Dictionary<LuaValue, int> _constantIndices = [];
    private int _nilConstant = -1;
    private int _registerCount = 2;

    internal FunctionBuilder? Parent { get; } = parent;

    internal FunctionBody Body { get; } = body;

    /// <summary>The line that instructions are given.</summary>
    internal int Line { get; set; } = body.LineDefined;

    /// <summary>The lowest register that holds nothing.</summary>
    internal int Free { get; set; }

    /// <summary>Registers below this one belong to locals.</summary>
    internal int LocalRegisters { get; set; }

    /// <summary>The index of the next instruction.</summary>
    internal int Next => _code.Count;

    /// <summary>The jumps out of each loop around the place, innermost last.</summary>
    internal Stack<List<int>> Breaks { get; } = [];

    internal int Reserve(int count = 1)
    {
        int first = Free;
        Free += count;
        if (Free > Instruction.MaxRegister)
        {
            throw new LuaException($"{chunk}:{Line}: function or expression too complex");
        }
        _registerCount = Math.Max(_registerCount, Free);
        return first;
    }

    internal int Emit(Opcode opcode, int a, int b = 0, int c = 0, int d = 0) => Append(Instruction.Fields(opcode, a, b, c, d));

    /// <summary>Emits an instruction whose J is a number.</summary>
    internal int EmitWide(Opcode opcode, int a, int b, int wide) => Append(Instruction.Jumping(opcode, a, b, wide));

    /// <summary>Emits a jump that is patched later.</summary>
    internal int EmitJump(Opcode opcode, int a = 0, int b = 0) => Append(Instruction.Jumping(opcode, a, b, 0));

    /// <summary>Emits a jump to an instruction that is there already.</summary>
    internal void EmitJumpTo(Opcode opcode, int a, int b, int target) => Append(Instruction.Jumping(opcode, a, b, target - Next - 1));

    internal void PatchHere(int jump) => PatchTo(jump, Next);

    internal void PatchTo(int jump, int target) =>
        _code[jump] = (_code[jump] & uint.MaxValue) | ((ulong)(uint)(target - jump - 1) << 32);

    internal void PatchHere(List<int> jumps) => jumps.ForEach(PatchHere);

    /// <summary>Gives the operands of the instruction emitted last their names.</summary>
    internal void NameOperand(int register, (NameKind Kind, LuaString Name)? name)
    {
        if (name is { } known)
        {
            _names.Add(new OperandName(Next - 1, register, known.Kind, known.Name));
        }
    }

    internal int Constant(in LuaValue value)
    {
        if (value.IsNil)
        {
            return _nilConstant >= 0 ? _nilConstant : _nilConstant = AddConstant(value);
        }
        if (!_constantIndices.TryGetValue(value, out int index))
        {
            index = AddConstant(value);
            _constantIndices.Add(value, index);
        }
        return index;
    }

    internal int AddPrototype(Prototype prototype)
    {
        _prototypes.Add(prototype);
        return _prototypes.Count - 1;
    }

    internal Prototype Build() => new()
    {
        Code = [.. _code],
        Constants = [.. _constants],
        Prototypes = [.. _prototypes],
        Captures = [.. Body.Upvalues.Select(upvalue => new CaptureSource(
            upvalue.FromParentLocal, upvalue.FromParentLocal ? upvalue.Variable.Register : upvalue.ParentIndex))],
        Lines = [.. _lines],
        OperandNames = [.. _names],
        Chunk = chunk,
        Source = source,
        ParameterCount = Body.Parameters.Count,
        IsVararg = Body.IsVararg,
        NeedsArgumentTable = Body.ArgumentTable is not null && !Body.UsesVararg,
        RegisterCount = _registerCount,
        LineDefined = Body.LineDefined,
        LastLine = Body.LastLine,
    };

    private int Append(ulong instruction)
    {
        _code.Add(instruction);
        _lines.Add(Line);
        return _code.Count - 1;
    }

    private int AddConstant(LuaValue value)
    {
        _constants.Add(value);
        return _constants.Count - 1;
    }
}
